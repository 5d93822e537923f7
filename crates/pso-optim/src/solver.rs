//! The swarm as a solver of argmin: one generation per iteration, one `bulk_cost` per generation.
//!
//! An adapter only: it carries points to the objective, costs to the swarm and the best to
//! argmin's state. Limits, targets, timeouts, observers and Ctrl-C are the executor's.
//!
//! Validated by `tests/suite/executor.rs`.

use argmin::{
    core::{CostFunction, Error as ArgminError, KV, PopulationState, Problem, Solver, SyncAlias},
    kv,
};

use crate::{Error, Swarm};

/// The state that an executor keeps for a [`ParticleSwarm`]: what observers are shown.
///
/// Its best individual and cost are those of the swarm; before the first feasible candidate they
/// are `None` and infinity.
pub type SwarmState = PopulationState<Vec<f64>, f64>;

/// Runs a [`Swarm`] under argmin's `Executor`.
///
/// Each iteration evaluates the whole swarm with one call of `CostFunction::bulk_cost`: override
/// it to evaluate candidates in parallel or in batches. It must return one cost per point, in
/// their order; anything else is a bug and panics. A candidate that cannot be evaluated should
/// cost NaN. An `Err` of `bulk_cost` does not end the run: the generation is evaluated
/// again one by one with `cost`, and those that fail there are infeasible. (argmin's own
/// `cost_count` then counts both passes; [`Swarm::evaluations`] counts candidates.)
///
/// Observers find the numbers of [`Swarm::evaluations`] and [`Swarm::infeasible`] under the keys
/// `evaluations` and `infeasible`.
///
/// A run that reaches its last iteration without a feasible candidate is an error,
/// [`Error::NothingFeasible`]. A run that was interrupted earlier than that returns its state;
/// [`Swarm::outcome`] of [`ParticleSwarm::swarm`] is right in every case.
///
/// A solver taken out of a result goes on where it stopped.
#[derive(Clone, Debug)]
pub struct ParticleSwarm {
    swarm: Swarm,
    first_failure: Option<String>,
}

impl ParticleSwarm {
    /// A solver that moves `swarm`.
    pub fn new(swarm: Swarm) -> Self {
        Self { swarm, first_failure: None }
    }

    /// The swarm in its present state.
    pub fn swarm(&self) -> &Swarm {
        &self.swarm
    }

    /// The text of the first `Err` of the objective, which says why candidates are infeasible.
    pub fn first_failure(&self) -> Option<&str> {
        self.first_failure.as_deref()
    }

    fn evaluate<O>(&mut self, problem: &mut Problem<O>) -> Vec<f64>
    where
        O: CostFunction<Param = Vec<f64>, Output = f64> + SyncAlias,
    {
        let points = self.swarm.ask();
        problem.bulk_cost(points).unwrap_or_else(|failure| {
            // One `Err` hides the costs of all the others, so they have to be asked for again.
            self.first_failure.get_or_insert_with(|| format!("{failure:#}"));
            points.iter().map(|point| problem.cost(point).unwrap_or(f64::NAN)).collect()
        })
    }

    /// Hands the swarm's best to a state that has a worse one, or none.
    fn publish(&self, state: SwarmState) -> SwarmState {
        match self.swarm.best() {
            Some((cost, position)) if cost < state.get_best_cost() => {
                state.individual(position.to_vec()).cost(cost)
            }
            _ => state,
        }
    }

    fn nothing_feasible(&self, error: Error) -> ArgminError {
        match &self.first_failure {
            Some(failure) => ArgminError::msg(failure.clone()).context(error),
            None => error.into(),
        }
    }
}

impl<O> Solver<O, SwarmState> for ParticleSwarm
where
    O: CostFunction<Param = Vec<f64>, Output = f64> + SyncAlias,
{
    #[expect(clippy::unnecessary_literal_bound, reason = "the signature is argmin's")]
    fn name(&self) -> &str {
        "seeded particle swarm"
    }

    fn init(
        &mut self,
        _problem: &mut Problem<O>,
        state: SwarmState,
    ) -> Result<(SwarmState, Option<KV>), ArgminError> {
        if state.individual.is_some() || state.population.is_some() {
            return Err(Error::PointsInState.into());
        }
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        state: SwarmState,
    ) -> Result<(SwarmState, Option<KV>), ArgminError> {
        let costs = self.evaluate(problem);
        self.swarm.tell(&costs);

        let last = state.iter + 1 >= state.max_iters;
        if last && let Err(error) = self.swarm.outcome() {
            return Err(self.nothing_feasible(error));
        }
        let log = kv!(
            "evaluations" => self.swarm.evaluations();
            "infeasible" => self.swarm.infeasible();
        );
        Ok((self.publish(state), Some(log)))
    }
}
