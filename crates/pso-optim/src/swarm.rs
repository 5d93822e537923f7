//! The swarm as ask and tell: it names the points to evaluate and is told what they cost.
//!
//! It never calls the objective, so how candidates are evaluated, where and in which order, is
//! the caller's business and cannot change the result. It knows neither argmin nor threads.
//! All memory is taken in the constructor; [`Swarm::ask`] and [`Swarm::tell`] allocate nothing.
//!
//! Validated by `tests/suite/determinism.rs`, `feasibility.rs` and `quality.rs`.

use crate::{Bounds, Error, Settings, motion::Motion};

/// A particle swarm in which every particle follows its own best and the best of all.
///
/// ```
/// use pso_optim::{Bounds, Settings, Swarm};
///
/// let bounds = Bounds::new([(-5.0, 5.0), (-5.0, 5.0)])?;
/// let mut swarm = Swarm::new(bounds, Settings::default(), 7)?;
/// for _ in 0..100 {
///     let costs: Vec<f64> =
///         swarm.ask().iter().map(|x| (x[0] - 1.0).powi(2) + (x[1] + 2.0).powi(2)).collect();
///     swarm.tell(&costs);
/// }
/// let outcome = swarm.outcome()?;
/// assert!(outcome.cost < 1e-9);
/// assert_eq!(outcome.evaluations, 100 * 40);
/// # Ok::<(), pso_optim::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Swarm {
    bounds: Bounds,
    settings: Settings,
    positions: Vec<Vec<f64>>,
    motions: Vec<Motion>,
    bests: Vec<Best>,
    /// The particle whose best is the best of all.
    leader: Option<usize>,
    evaluations: u64,
    infeasible: u64,
}

/// The cheapest feasible place that a particle has visited. `position` means nothing, and is
/// only memory, as long as there is no cost.
#[derive(Clone, Debug)]
struct Best {
    position: Vec<f64>,
    cost: Option<f64>,
}

impl Best {
    fn position(&self) -> Option<&[f64]> {
        self.cost.map(|_| self.position.as_slice())
    }

    fn is_beaten_by(&self, cost: f64) -> bool {
        self.cost.is_none_or(|best| cost < best)
    }
}

/// What a search found: see [`Swarm::outcome`].
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The lowest cost seen; finite.
    pub cost: f64,
    /// Where it was seen; inside the bounds.
    pub position: Vec<f64>,
    /// Candidates evaluated, feasible or not.
    pub evaluations: u64,
    /// Candidates whose cost was not finite.
    pub infeasible: u64,
}

impl Swarm {
    /// A swarm scattered uniformly over `bounds`; everything it will ever do follows from the
    /// three arguments and the costs it is told.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] for the first field of `settings` that breaks its rule.
    pub fn new(bounds: Bounds, settings: Settings, seed: u64) -> Result<Self, Error> {
        Self::starting_at(bounds, settings, seed, &[])
    }

    /// As [`Swarm::new`], but the first particles start at the given `points`, in their order:
    /// they are evaluated in the first generation, exactly as given. The other particles start
    /// where they would without them.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] as for [`Swarm::new`]; [`Error::TooManyPoints`],
    /// [`Error::PointDimension`] or [`Error::PointOutside`] for points that no particle can have.
    pub fn starting_at(
        bounds: Bounds,
        settings: Settings,
        seed: u64,
        points: &[Vec<f64>],
    ) -> Result<Self, Error> {
        settings.check()?;
        check_points(points, &bounds, settings.particles)?;

        let dimension = bounds.dimension();
        let mut positions = vec![vec![0.0; dimension]; settings.particles];
        let mut motions: Vec<_> =
            (0..settings.particles).map(|index| Motion::new(seed, index, dimension)).collect();
        for (index, (position, motion)) in positions.iter_mut().zip(&mut motions).enumerate() {
            motion.scatter(&bounds, position);
            if let Some(point) = points.get(index) {
                position.copy_from_slice(point);
            }
            motion.launch(&bounds, position);
        }
        let bests = vec![Best { position: vec![0.0; dimension], cost: None }; settings.particles];
        let (leader, evaluations, infeasible) = (None, 0, 0);
        Ok(Self { bounds, settings, positions, motions, bests, leader, evaluations, infeasible })
    }

    /// The points to evaluate, one per particle, all inside the bounds; the same until
    /// [`Swarm::tell`] is called.
    pub fn ask(&self) -> &[Vec<f64>] {
        &self.positions
    }

    /// Takes the costs of the points of [`Swarm::ask`], in their order, and moves the swarm on.
    ///
    /// A cost that is not finite marks its candidate as infeasible: it is counted and becomes
    /// nobody's best. As long as nothing feasible was found there is nothing to follow, and the
    /// whole swarm is scattered anew; after that, a particle without a best of its own is drawn
    /// by the leader alone.
    ///
    /// # Panics
    ///
    /// If `costs` has another length than [`Swarm::ask`].
    pub fn tell(&mut self, costs: &[f64]) {
        assert_eq!(costs.len(), self.positions.len(), "one cost per particle");
        for (index, &cost) in costs.iter().enumerate() {
            self.judge(index, cost);
        }
        self.advance();
    }

    /// The lowest cost so far and where it was seen; `None` before the first feasible candidate.
    pub fn best(&self) -> Option<(f64, &[f64])> {
        let best = &self.bests[self.leader?];
        Some((best.cost?, &best.position))
    }

    /// Candidates evaluated so far, feasible or not.
    pub fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// Candidates so far whose cost was not finite.
    pub fn infeasible(&self) -> u64 {
        self.infeasible
    }

    /// The result so far.
    ///
    /// # Errors
    ///
    /// [`Error::NothingFeasible`] if no candidate has had a finite cost.
    pub fn outcome(&self) -> Result<Outcome, Error> {
        let Self { evaluations, infeasible, .. } = *self;
        let (cost, position) = self.best().ok_or(Error::NothingFeasible { evaluations })?;
        Ok(Outcome { cost, position: position.to_vec(), evaluations, infeasible })
    }

    fn judge(&mut self, index: usize, cost: f64) {
        self.evaluations += 1;
        if !cost.is_finite() {
            self.infeasible += 1;
            return;
        }
        if self.leader.is_none_or(|leader| self.bests[leader].is_beaten_by(cost)) {
            self.leader = Some(index);
        }
        let own = &mut self.bests[index];
        if own.is_beaten_by(cost) {
            own.position.copy_from_slice(&self.positions[index]);
            own.cost = Some(cost);
        }
    }

    fn advance(&mut self) {
        let leader = self.leader.and_then(|leader| self.bests[leader].position());
        for ((position, motion), own) in
            self.positions.iter_mut().zip(&mut self.motions).zip(&self.bests)
        {
            if let Some(leader) = leader {
                motion.step(&self.settings, &self.bounds, position, own.position(), leader);
            } else {
                motion.scatter(&self.bounds, position);
                motion.launch(&self.bounds, position);
            }
        }
    }
}

fn check_points(points: &[Vec<f64>], bounds: &Bounds, particles: usize) -> Result<(), Error> {
    if points.len() > particles {
        return Err(Error::TooManyPoints { points: points.len(), particles });
    }
    for (point, x) in points.iter().enumerate() {
        let (found, expected) = (x.len(), bounds.dimension());
        if found != expected {
            return Err(Error::PointDimension { point, found, expected });
        }
        if let Some(index) = bounds.first_outside(x) {
            let (value, (lower, upper)) = (x[index], bounds.limits()[index]);
            return Err(Error::PointOutside { point, index, value, lower, upper });
        }
    }
    Ok(())
}
