//! The particle swarm: every particle follows its own best and the best of its neighbourhood.
//!
//! All memory is taken in the constructor; `ask` and `tell` allocate nothing.
//!
//! Sources: Kennedy & Eberhart (1995), Proc. ICNN 4; Shi & Eberhart (1998), Proc. ICEC; Clerc &
//! Kennedy (2002), IEEE Trans. Evol. Comput. 6(1).
//! Validated by `tests/suite/determinism.rs`, `feasibility.rs`, `flight.rs` and `quality.rs`.

mod inertia;
mod motion;
mod neighbourhood;
pub(crate) mod settings;

use serde::{Deserialize, Serialize};

use self::motion::Motion;
pub use self::{
    inertia::Inertia,
    neighbourhood::Neighbourhood,
    settings::{Restart, SwarmSettings},
};
use crate::{
    Bounds, Error, Optimiser, Tally, dice,
    record::{Best, Record},
    stagnation::Stagnation,
};

/// A particle swarm.
///
/// ```
/// use pso_optim::{Bounds, Optimiser, Swarm, SwarmSettings};
///
/// let bounds = Bounds::new([(-5.0, 5.0), (-5.0, 5.0)])?;
/// let mut swarm = Swarm::new(bounds, SwarmSettings::default(), 7)?;
/// for _ in 0..100 {
///     let costs: Vec<f64> =
///         swarm.ask().iter().map(|x| (x[0] - 1.0).powi(2) + (x[1] + 2.0).powi(2)).collect();
///     swarm.tell(&costs);
/// }
/// let outcome = swarm.outcome()?;
/// assert!(outcome.cost < 1e-9);
/// assert_eq!(outcome.evaluations, 100 * 20);
/// # Ok::<(), pso_optim::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Swarm {
    bounds: Bounds,
    settings: SwarmSettings,
    positions: Vec<Vec<f64>>,
    motions: Vec<Motion>,
    bests: Vec<Best>,
    record: Record,
    stagnation: Stagnation,
}

impl Swarm {
    /// A swarm spread over `bounds` by the design of the `settings`.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] for the first field of `settings` that breaks its rule.
    pub fn new(bounds: Bounds, settings: SwarmSettings, seed: u64) -> Result<Self, Error> {
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
        settings: SwarmSettings,
        seed: u64,
        points: &[Vec<f64>],
    ) -> Result<Self, Error> {
        settings.check()?;
        bounds.check_points(points, settings.particles)?;

        let dimension = bounds.dimension();
        let mut dice = dice::streams(seed, settings.particles);
        let positions = settings.design.lay_out(&bounds, seed, &mut dice, points);
        let launched = dice.into_iter().zip(&positions).map(|(rng, position)| {
            let mut motion = Motion::new(rng, dimension);
            motion.launch(&bounds, position);
            motion
        });
        Ok(Self {
            motions: launched.collect(),
            bests: vec![Best::none(dimension); settings.particles],
            record: Record::new(dimension),
            stagnation: Stagnation::default(),
            bounds,
            settings,
            positions,
        })
    }

    /// Lets every particle fly on, or scatters those that nobody leads.
    fn advance(&mut self) {
        let Self { bounds, settings, positions, motions, bests, record, .. } = self;
        let all = Neighbourhood::Global.leader(0, bests);
        for (index, (position, motion)) in positions.iter_mut().zip(motions).enumerate() {
            let leader = match settings.neighbourhood {
                Neighbourhood::Global => all,
                few => few.leader(index, bests),
            };
            if let Some(leader) = leader.and_then(|leader| bests[leader].position()) {
                let bests = (bests[index].position(), leader);
                motion.step(settings, record.tally.generations, bounds, position, bests);
            } else {
                motion.scatter(bounds, position);
                motion.launch(bounds, position);
            }
        }
    }
}

impl Optimiser for Swarm {
    type Cost = f64;

    fn name(&self) -> &'static str {
        "particle swarm"
    }

    fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    fn ask(&self) -> &[Vec<f64>] {
        &self.positions
    }

    /// As long as none of a particle's neighbours has found anything feasible there is nothing to
    /// follow, and it is scattered anew; after that, a particle without a best of its own is drawn by
    /// its leader alone.
    fn tell(&mut self, costs: &[f64]) {
        assert_eq!(costs.len(), self.positions.len(), "one cost per candidate");
        for ((position, own), &cost) in self.positions.iter().zip(&mut self.bests).zip(costs) {
            own.improve(position, self.record.judge(position, cost));
        }
        let lowest = Neighbourhood::Global.leader(0, &self.bests);
        self.stagnation.observe(lowest.and_then(|leader| self.bests[leader].cost()));
        if self.settings.restart == Restart::AfterStagnation(self.stagnation.generations()) {
            self.bests.iter_mut().for_each(Best::forget);
            self.stagnation = Stagnation::default();
        }
        self.advance();
        self.record.tally.generations += 1;
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
