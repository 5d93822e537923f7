//! NSGA-II: selection by front and crowding, simulated binary crossover, polynomial mutation; with a
//! bounded archive of all that was found.
//!
//! Own, because the published crates own the objective: no ask and tell, and so no batches, no counted
//! failures, no checkpoints.
//!
//! Sources: Deb, Pratap, Agarwal & Meyarivan (2002), IEEE Trans. Evol. Comput. 6(2); Deb & Agrawal (1995),
//! Complex Systems 9, for the crossover; both operators in the form that ends at the walls.
//! Validated by `tests/suite/pareto.rs` and `tests/suite/every_optimiser.rs`.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{INFEASIBLE, Member, ParetoPoint, archive::Archive, crowd, dominates};
use crate::{
    Bounds, Design, Error, Optimiser, Tally, dice, error, swarm::settings::MOST_CANDIDATES,
};

/// How many members evolve toward how many objectives, and how.
///
/// Plain data; absent fields take their defaults, unknown ones are refused.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nsga2Settings {
    /// Number of objectives, at least 2. Default 2.
    pub objectives: usize,
    /// Members, and candidates per generation: even, from 4 to a million. Default 100 (Deb et al., 2002).
    pub members: usize,
    /// Most points that the front may have, from two for each objective to a million. Default 100.
    pub archive: usize,
    /// Probability that a pair is crossed, in `[0, 1]`. Default 0.9 (ibid.).
    pub crossover: f64,
    /// Index of the crossover's distribution, in `[0, 1000]`: the greater, the nearer children are to
    /// parents. Default 20 (ibid.).
    pub crossover_index: f64,
    /// Index of the mutation's distribution, in `[0, 1000]`. Each coordinate mutates with probability
    /// one over their number. Default 20 (ibid.).
    pub mutation_index: f64,
    /// How the first generation is spread. Default Latin hypercube.
    pub design: Design,
}

impl Default for Nsga2Settings {
    fn default() -> Self {
        Self {
            objectives: 2,
            members: 100,
            archive: 100,
            crossover: 0.9,
            crossover_index: 20.0,
            mutation_index: 20.0,
            design: Design::LatinHypercube,
        }
    }
}

impl Nsga2Settings {
    fn check(&self) -> Result<(), Error> {
        let Self { objectives, members, archive, crossover, .. } = *self;
        let sound = |count| (4..=MOST_CANDIDATES).contains(&count);
        let index =
            |name, value: f64| (name, value, (0.0..=1000.0).contains(&value), "between 0 and 1000");
        error::check(&[
            (
                "objectives",
                objectives as f64,
                (2..=1000).contains(&objectives),
                "at least 2 and at most 1000",
            ),
            (
                "members",
                members as f64,
                sound(members) && members.is_multiple_of(2),
                "even, at least 4 and at most 1000000",
            ),
            (
                "archive",
                archive as f64,
                archive >= 2 * objectives && archive <= MOST_CANDIDATES,
                "at least two for each objective and at most 1000000",
            ),
            ("crossover", crossover, (0.0..=1.0).contains(&crossover), "between 0 and 1"),
            index("crossover_index", self.crossover_index),
            index("mutation_index", self.mutation_index),
        ])?;
        self.design.check(members)
    }
}

/// The elitist genetic algorithm for several objectives.
///
/// ```
/// use pso_optim::{Bounds, Nsga2, Nsga2Settings, Optimiser, hypervolume};
///
/// // Schaffer's problem: squares of the distances to 0 and to 2.
/// let bounds = Bounds::new([(-10.0, 10.0)])?;
/// let mut search = Nsga2::new(bounds, Nsga2Settings::default(), 1)?;
/// for _ in 0..60 {
///     let costs: Vec<Vec<f64>> =
///         search.ask().iter().map(|x| vec![x[0].powi(2), (x[0] - 2.0).powi(2)]).collect();
///     search.tell(&costs);
/// }
/// let front = search.front()?;
/// assert!(front.iter().all(|point| (-0.01..2.01).contains(&point.position[0])));
/// // Of the 16 below (4, 4), no front dominates more than 16 − 8/3 = 13.33.
/// assert!(hypervolume(&front, &[4.0, 4.0]) > 13.1);
/// # Ok::<(), pso_optim::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Nsga2 {
    bounds: Bounds,
    settings: Nsga2Settings,
    /// The first half are the parents; the second is for their children.
    members: Vec<Member>,
    children: Vec<Vec<f64>>,
    /// One stream for each pair of children.
    dice: Vec<ChaCha8Rng>,
    /// By how many others a member is dominated; memory of the sort.
    dominators: Vec<usize>,
    archive: Archive,
    tally: Tally,
}

impl Nsga2 {
    /// A population spread over `bounds` by the design of the `settings`.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] for the first field of `settings` that breaks its rule.
    pub fn new(bounds: Bounds, settings: Nsga2Settings, seed: u64) -> Result<Self, Error> {
        Self::starting_at(bounds, settings, seed, &[])
    }

    /// As [`Nsga2::new`], but the given `points` come first: they are evaluated in the first
    /// generation, exactly as given.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] as for [`Nsga2::new`]; [`Error::TooManyPoints`],
    /// [`Error::PointDimension`] or [`Error::PointOutside`] for points that no member can have.
    pub fn starting_at(
        bounds: Bounds,
        settings: Nsga2Settings,
        seed: u64,
        points: &[Vec<f64>],
    ) -> Result<Self, Error> {
        settings.check()?;
        let Nsga2Settings { members: count, objectives, design, .. } = settings;
        bounds.check_points(points, count)?;
        let dimension = bounds.dimension();
        let mut dice = dice::streams(seed, count);
        let children = design.lay_out(&bounds, seed, &mut dice, points);
        dice.truncate(count / 2);
        Ok(Self {
            members: vec![Member::empty(dimension, objectives); 2 * count],
            children,
            dice,
            dominators: vec![0; 2 * count],
            archive: Archive::new(settings.archive, dimension, objectives),
            tally: Tally::default(),
            bounds,
            settings,
        })
    }

    /// What nothing that was seen dominates, in the order of the first objective.
    ///
    /// When these are more than [`Nsga2Settings::archive`], the most crowded ones are let go, never one
    /// that is best in an objective; a later point may then come in that only one of those dominated.
    ///
    /// # Errors
    ///
    /// [`Error::NothingFeasible`] if no candidate has had finite costs.
    pub fn front(&self) -> Result<Vec<ParetoPoint>, Error> {
        let mut front: Vec<ParetoPoint> = self.archive.points().cloned().collect();
        if front.is_empty() {
            return Err(Error::NothingFeasible { evaluations: self.tally.evaluations });
        }
        front.sort_by(|a, b| a.costs[0].total_cmp(&b.costs[0]));
        Ok(front)
    }

    /// Ranks all members by front, and orders them by rank, then crowding.
    fn sort(&mut self) {
        let Self { members, dominators, .. } = self;
        members.sort_unstable_by_key(|member| (member.rank == INFEASIBLE, member.number));
        let feasible = members.partition_point(|member| member.rank != INFEASIBLE);
        let members = &mut members[..feasible];
        let costs = |members: &[Member], at: usize, by: usize| {
            dominates(&members[by].point.costs, &members[at].point.costs)
        };
        for at in 0..feasible {
            dominators[at] = (0..feasible).filter(|&by| costs(members, at, by)).count();
            members[at].rank = INFEASIBLE;
        }
        let (mut rank, mut ranked) = (0, 0);
        while ranked < feasible {
            // A front is what nothing dominates that is not in an earlier one.
            for at in 0..feasible {
                if dominators[at] == 0 && members[at].rank == INFEASIBLE {
                    members[at].rank = rank;
                    ranked += 1;
                }
            }
            for by in 0..feasible {
                if members[by].rank == rank {
                    (0..feasible)
                        .for_each(|at| dominators[at] -= usize::from(costs(members, at, by)));
                }
            }
            rank += 1;
        }
        members.sort_unstable_by_key(|member| (member.rank, member.number));
        members.chunk_by_mut(|a, b| a.rank == b.rank).for_each(crowd);
    }

    /// Makes the pair of children number `pair`.
    fn breed(&mut self, pair: usize) {
        let Self { bounds, settings, members, children, dice, .. } = self;
        let rng = &mut dice[pair];
        let count = children.len();
        let [first, second] = &mut children[2 * pair..2 * pair + 2] else {
            unreachable!("children come in pairs")
        };
        for child in [&mut *first, &mut *second] {
            // Parents are in order, so the winner of a tournament is the one that stands before.
            let winner = dice::below(rng, count).min(dice::below(rng, count));
            if members[winner].rank == INFEASIBLE {
                let places = bounds.limits().iter().map(|&limits| dice::within(rng, limits));
                child.iter_mut().zip(places).for_each(|(x, place)| *x = place);
            } else {
                child.copy_from_slice(&members[winner].point.position);
            }
        }
        if dice::unit(rng) < settings.crossover {
            for (d, &limits) in bounds.limits().iter().enumerate() {
                if dice::unit(rng) < 0.5 {
                    let pair = (first[d], second[d]);
                    (first[d], second[d]) = cross(rng, pair, limits, settings.crossover_index);
                }
            }
        }
        let chance = 1.0 / bounds.dimension() as f64;
        for x in [first, second] {
            for (x, &limits) in x.iter_mut().zip(bounds.limits()) {
                if dice::unit(rng) < chance {
                    *x = mutate(rng, *x, limits, settings.mutation_index);
                }
            }
        }
    }
}

/// Simulated binary crossover of one coordinate: children spread about their parents as those of a one-point
/// crossover of bits would, but not beyond the walls.
fn cross(
    rng: &mut ChaCha8Rng,
    (a, b): (f64, f64),
    (lower, upper): (f64, f64),
    index: f64,
) -> (f64, f64) {
    let (low, high) = (a.min(b), a.max(b));
    let (middle, gap) = (low.midpoint(high), high - low);
    let draw = dice::unit(rng);
    let swap = dice::unit(rng) < 0.5;
    if gap <= f64::EPSILON * (upper - lower) {
        return (a, b);
    }
    let spread = |room: f64| {
        let alpha = 2.0 - libm::pow(1.0 + 2.0 * room / gap, -(index + 1.0));
        let base = if draw * alpha <= 1.0 { draw * alpha } else { 1.0 / (2.0 - draw * alpha) };
        libm::pow(base, 1.0 / (index + 1.0))
    };
    let left = (middle - 0.5 * spread(low - lower) * gap).clamp(lower, upper);
    let right = (middle + 0.5 * spread(upper - high) * gap).clamp(lower, upper);
    if swap { (right, left) } else { (left, right) }
}

/// Polynomial mutation of one coordinate: anywhere between the walls, near by preference.
fn mutate(rng: &mut ChaCha8Rng, x: f64, (lower, upper): (f64, f64), index: f64) -> f64 {
    let width = upper - lower;
    let draw = dice::unit(rng);
    let power = index + 1.0;
    let reach = |share: f64, room: f64| {
        let rest = libm::pow(1.0 - room, power);
        libm::pow(share + (1.0 - share) * rest, 1.0 / power) - 1.0
    };
    let step = if draw < 0.5 {
        reach(2.0 * draw, (x - lower) / width)
    } else {
        -reach(2.0 * (1.0 - draw), (upper - x) / width)
    };
    (x + step * width).clamp(lower, upper)
}

impl Optimiser for Nsga2 {
    type Cost = Vec<f64>;

    fn name(&self) -> &'static str {
        "NSGA-II"
    }

    fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    fn ask(&self) -> &[Vec<f64>] {
        &self.children
    }

    /// A candidate of which one cost is not finite is infeasible, and has no child; in the place of an
    /// infeasible parent, somebody comes from anywhere.
    fn tell(&mut self, costs: &[Vec<f64>]) {
        let count = self.children.len();
        assert_eq!(costs.len(), count, "one row of costs per candidate");
        for ((member, child), costs) in
            self.members[count..].iter_mut().zip(&self.children).zip(costs)
        {
            assert_eq!(costs.len(), self.settings.objectives, "one cost per objective");
            let feasible = costs.iter().all(|cost| cost.is_finite());
            self.tally.count(feasible);
            member.set(child, costs, self.tally.evaluations);
            member.rank = if feasible { 0 } else { INFEASIBLE };
            if feasible {
                self.archive.offer(child, costs);
            }
        }
        self.tally.generations += 1;
        self.sort();
        (0..self.dice.len()).for_each(|pair| self.breed(pair));
    }

    fn infeasible_cost(&self) -> Vec<f64> {
        vec![f64::NAN; self.settings.objectives]
    }

    fn tally(&self) -> Tally {
        self.tally
    }

    fn best(&self) -> Option<(f64, &[f64])> {
        None
    }
}
