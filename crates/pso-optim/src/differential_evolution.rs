//! Differential evolution: every member tries a step made of differences of others, and takes it if it
//! costs no more.
//!
//! Own, because the published crates own the objective or are not kept.
//!
//! Sources: Storn & Price (1997), J. Global Optim. 11, for rand/1/bin; Tanabe & Fukunaga (2013), CEC, for
//! SHADE, with the mean of crossover rates of their L-SHADE (2014); walls as in Zhang & Sanderson (2009),
//! JADE. Validated by `tests/suite/every_optimiser.rs` and `tests/suite/quality.rs`.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{
    Bounds, Design, Error, Optimiser, Tally, dice, error,
    record::{Best, Record},
    swarm::settings::MOST_CANDIDATES,
};

/// How many members evolve, and how they step.
///
/// Plain data; absent fields take their defaults, unknown ones are refused.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DifferentialEvolutionSettings {
    /// Members, and candidates per generation, from 4 to a million. Default 60.
    pub members: usize,
    /// How they step. Default SHADE.
    pub strategy: Strategy,
    /// How the first generation is spread. Default Latin hypercube.
    pub design: Design,
}

/// What the step of a member is made of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Strategy {
    /// From one random member along the difference of two others (rand/1/bin).
    Rand1 {
        /// Length of the step, F, in `(0, 2]`; 0.5 to 0.9 are usual.
        factor: f64,
        /// Share of the coordinates that step, CR, in `[0, 1]`; 0.9 is usual.
        crossover: f64,
    },
    /// From the member itself toward one of the best, and along the difference of two others
    /// (current-to-pbest/1/bin), with factors and crossover rates that are learned from what succeeded.
    Shade,
}

impl Default for DifferentialEvolutionSettings {
    fn default() -> Self {
        Self { members: 60, strategy: Strategy::Shade, design: Design::LatinHypercube }
    }
}

/// Percentage of the members among which SHADE chooses the one that it steps toward.
const BEST_PERCENT: usize = 11;
/// Entries of SHADE's memory of what succeeded.
const MEMORIES: usize = 6;

/// Differential evolution.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DifferentialEvolution {
    bounds: Bounds,
    settings: DifferentialEvolutionSettings,
    members: Vec<Best>,
    /// The candidates, one for each member to be replaced by.
    trials: Vec<Vec<f64>>,
    /// With what each trial was made, for SHADE to learn from.
    recipes: Vec<Recipe>,
    dice: Vec<ChaCha8Rng>,
    /// Members that have a cost, cheapest first.
    ranking: Vec<usize>,
    /// Places that members left for better ones, in `0..departed_count`; SHADE's differences use them.
    departed: Vec<Vec<f64>>,
    departed_count: usize,
    memory: Memory,
    record: Record,
}

/// Factor and crossover rate of one trial.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Recipe {
    factor: f64,
    crossover: f64,
}

/// SHADE's memory: means of the recipes that succeeded in recent generations.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Memory {
    means: [Recipe; MEMORIES],
    next: usize,
    sums: Sums,
}

/// Sums over the successes of a generation, weighted by what each saved.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Sums {
    factor: [f64; 2],
    crossover: [f64; 2],
}

impl Memory {
    const EVEN: Self = Self {
        means: [Recipe { factor: 0.5, crossover: 0.5 }; MEMORIES],
        next: 0,
        sums: Sums { factor: [0.0; 2], crossover: [0.0; 2] },
    };

    fn draw(&self, rng: &mut ChaCha8Rng) -> Recipe {
        let mean = self.means[dice::below(rng, MEMORIES)];
        let crossover = (mean.crossover + 0.1 * dice::normal(rng)).clamp(0.0, 1.0);
        let factor = loop {
            let factor = mean.factor + 0.1 * dice::cauchy(rng);
            if factor > 0.0 {
                break factor.min(1.0);
            }
        };
        Recipe { factor, crossover }
    }

    fn succeed(&mut self, Recipe { factor, crossover }: Recipe, saved: f64) {
        let add = |[first, second]: [f64; 2], x: f64| [first + saved * x, second + saved * x * x];
        self.sums.factor = add(self.sums.factor, factor);
        self.sums.crossover = add(self.sums.crossover, crossover);
    }

    /// Takes over the generation's weighted Lehmer means, if anything was saved.
    fn learn(&mut self) {
        let Sums { factor, crossover } = std::mem::take(&mut self.sums);
        let lehmer = |[first, second]: [f64; 2]| if first > 0.0 { second / first } else { 0.0 };
        let mean = Recipe { factor: lehmer(factor), crossover: lehmer(crossover) };
        // What was saved may be too much for a sum: nothing is learned from infinity.
        if mean.factor > 0.0 && mean.crossover.is_finite() && mean.factor.is_finite() {
            self.means[self.next] = mean;
            self.next = (self.next + 1) % MEMORIES;
        }
    }
}

impl DifferentialEvolution {
    /// A population spread over `bounds` by the design of the `settings`.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] for the first field of `settings` that breaks its rule.
    pub fn new(
        bounds: Bounds,
        settings: DifferentialEvolutionSettings,
        seed: u64,
    ) -> Result<Self, Error> {
        Self::starting_at(bounds, settings, seed, &[])
    }

    /// As [`DifferentialEvolution::new`], but the given `points` come first: they are evaluated in
    /// the first generation, exactly as given.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] as for [`DifferentialEvolution::new`]; [`Error::TooManyPoints`],
    /// [`Error::PointDimension`] or [`Error::PointOutside`] for points that no member can have.
    pub fn starting_at(
        bounds: Bounds,
        settings: DifferentialEvolutionSettings,
        seed: u64,
        points: &[Vec<f64>],
    ) -> Result<Self, Error> {
        let DifferentialEvolutionSettings { members: count, strategy, design } = settings;
        let (factor, crossover) = match strategy {
            Strategy::Rand1 { factor, crossover } => (factor, crossover),
            Strategy::Shade => (0.5, 0.5),
        };
        let rule = "at least 4 and at most 1000000";
        error::check(&[
            ("members", count as f64, (4..=MOST_CANDIDATES).contains(&count), rule),
            ("strategy.factor", factor, factor > 0.0 && factor <= 2.0, "above 0 and at most 2"),
            ("strategy.crossover", crossover, (0.0..=1.0).contains(&crossover), "between 0 and 1"),
        ])?;
        design.check(count)?;
        bounds.check_points(points, count)?;
        let dimension = bounds.dimension();
        let mut dice = dice::streams(seed, count);
        Ok(Self {
            trials: design.lay_out(&bounds, seed, &mut dice, points),
            members: vec![Best::none(dimension); count],
            recipes: vec![Recipe { factor, crossover }; count],
            dice,
            ranking: Vec::with_capacity(count),
            departed: vec![vec![0.0; dimension]; count],
            departed_count: 0,
            memory: Memory::EVEN,
            record: Record::new(dimension),
            bounds,
            settings,
        })
    }

    /// Lets the trial take the member's place if it costs no more: on a plateau, the population drifts.
    fn select(&mut self, index: usize, cost: f64) {
        let trial = &self.trials[index];
        let Some(cost) = self.record.judge(trial, cost) else { return };
        let member = &mut self.members[index];
        match (member.position(), member.cost()) {
            (Some(place), Some(old)) if cost < old => {
                // A full archive loses one of its places by chance.
                let at = if self.departed_count < self.departed.len() {
                    self.departed_count += 1;
                    self.departed_count - 1
                } else {
                    dice::below(&mut self.dice[index], self.departed.len())
                };
                self.departed[at].copy_from_slice(place);
                self.memory.succeed(self.recipes[index], old - cost);
            }
            (Some(_), Some(old)) if cost > old => return,
            _ => {}
        }
        member.replace(trial, cost);
    }

    /// Makes the trial of member `index`.
    fn vary(&mut self, index: usize) {
        let Self { bounds, members, ranking, departed, departed_count, .. } = self;
        let rng = &mut self.dice[index];
        let trial = &mut self.trials[index];
        let place = |ranked: usize| members[ranked].position().expect("ranked members have a cost");
        // Without a place to step from, or three others to step by, anywhere is as good.
        let own = members[index].position().filter(|_| ranking.len() >= 4);
        let Some(own) = own else {
            let scattered = bounds.limits().iter().map(|&limits| dice::within(rng, limits));
            trial.iter_mut().zip(scattered).for_each(|(x, anywhere)| *x = anywhere);
            return;
        };
        let first = other(rng, ranking, [index; 3]);
        let second = other(rng, ranking, [index, first, index]);
        match self.settings.strategy {
            Strategy::Rand1 { .. } => {
                let third = other(rng, ranking, [index, first, second]);
                trial.copy_from_slice(place(third));
                let Recipe { factor, .. } = self.recipes[index];
                step(trial, factor, place(first), place(second));
            }
            Strategy::Shade => {
                let among = (ranking.len() * BEST_PERCENT / 100).max(2);
                let best = ranking[dice::below(rng, among)];
                self.recipes[index] = self.memory.draw(rng);
                // The last may also be a place that somebody left.
                let from = match dice::below(rng, ranking.len() + *departed_count) {
                    at if at < *departed_count => departed[at].as_slice(),
                    _ => place(second),
                };
                let Recipe { factor, .. } = self.recipes[index];
                trial.copy_from_slice(own);
                step(trial, factor, place(best), own);
                step(trial, factor, place(first), from);
            }
        }
        let crossover = self.recipes[index].crossover;
        let certain = dice::below(rng, trial.len());
        for (d, x) in trial.iter_mut().enumerate() {
            let steps = dice::unit(rng) < crossover || d == certain;
            *x = if steps { halfway(*x, own[d], bounds.limits()[d]) } else { own[d] };
        }
    }
}

/// A ranked member other than those that are `taken`; there must be one.
fn other(rng: &mut ChaCha8Rng, ranking: &[usize], taken: [usize; 3]) -> usize {
    loop {
        let member = ranking[dice::below(rng, ranking.len())];
        if !taken.contains(&member) {
            return member;
        }
    }
}

/// `x += factor·(toward − from)`.
fn step(x: &mut [f64], factor: f64, toward: &[f64], from: &[f64]) {
    for (x, (toward, from)) in x.iter_mut().zip(toward.iter().zip(from)) {
        *x += factor * (toward - from);
    }
}

/// A coordinate that would leave the box stops halfway between where it was and the wall.
fn halfway(target: f64, own: f64, (lower, upper): (f64, f64)) -> f64 {
    if target < lower {
        lower.midpoint(own)
    } else if target > upper {
        upper.midpoint(own)
    } else {
        target
    }
}

impl Optimiser for DifferentialEvolution {
    type Cost = f64;

    fn name(&self) -> &'static str {
        "differential evolution"
    }

    fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    fn ask(&self) -> &[Vec<f64>] {
        &self.trials
    }

    /// A member without a cost tries anywhere, until it has one.
    fn tell(&mut self, costs: &[f64]) {
        assert_eq!(costs.len(), self.trials.len(), "one cost per candidate");
        for (index, &cost) in costs.iter().enumerate() {
            self.select(index, cost);
        }
        self.memory.learn();
        self.record.tally.generations += 1;

        let Self { ranking, members, .. } = self;
        let cost = |index: &usize| members[*index].cost().expect("ranked members have a cost");
        ranking.clear();
        ranking.extend((0..members.len()).filter(|&index| members[index].cost().is_some()));
        ranking.sort_unstable_by(|a, b| cost(a).total_cmp(&cost(b)).then(a.cmp(b)));
        for index in 0..self.members.len() {
            self.vary(index);
        }
    }

    fn infeasible_cost(&self) -> f64 {
        f64::NAN
    }

    fn tally(&self) -> Tally {
        self.record.tally
    }

    fn best(&self) -> Option<(f64, &[f64])> {
        self.record.best()
    }
}
