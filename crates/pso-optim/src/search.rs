//! An optimiser as a solver of argmin: one generation per iteration, one `bulk_cost` per generation.
//!
//! An adapter only: it carries points to the objective, costs to the optimiser and the best to
//! argmin's state. Limits, targets, timeouts, observers and Ctrl-C are the executor's.
//!
//! Validated by `tests/suite/executor.rs`.

use argmin::{
    core::{
        CostFunction, Error as ArgminError, KV, PopulationState, Problem, SendAlias, Solver,
        SyncAlias,
    },
    kv,
};
use serde::{Deserialize, Serialize};

use crate::{Error, Optimiser};

/// The state that an executor keeps for a [`Search`]: what observers are shown.
///
/// Its best individual and cost are those of the optimiser; before the first feasible candidate, and
/// always for several objectives, they are `None` and infinity.
pub type SearchState = PopulationState<Vec<f64>, f64>;

/// Runs an [`Optimiser`] under argmin's `Executor`.
///
/// Each iteration evaluates the whole generation with one call of `CostFunction::bulk_cost`: that is
/// the place to evaluate candidates in parallel or in batches, as [`Batch`](crate::Batch) does. It
/// must return one cost per point, in their order; anything else is a bug and panics. A candidate that
/// cannot be evaluated should cost NaN. An `Err` of `bulk_cost` does not end the run: the generation
/// is evaluated again one by one with `cost`, and those that fail there are infeasible. (argmin's own
/// `cost_count` then counts both passes; [`Optimiser::tally`] counts candidates.)
///
/// Observers find `evaluations`, `infeasible` and [`diversity`](Optimiser::diversity) under these keys.
///
/// A run that reaches its last iteration without a feasible candidate is an error,
/// [`Error::NothingFeasible`]. A run that was interrupted earlier than that returns its state;
/// what the optimiser says of its outcome is right in every case.
///
/// A solver taken out of a result goes on where it stopped.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Search<A> {
    optimiser: A,
    first_failure: Option<String>,
}

impl<A: Optimiser> Search<A> {
    /// A solver that moves `optimiser`.
    pub fn new(optimiser: A) -> Self {
        Self { optimiser, first_failure: None }
    }

    /// The optimiser in its present state.
    pub fn optimiser(&self) -> &A {
        &self.optimiser
    }

    /// The text of the first `Err` of the objective, which says why candidates are infeasible.
    pub fn first_failure(&self) -> Option<&str> {
        self.first_failure.as_deref()
    }

    fn evaluate<O>(&mut self, problem: &mut Problem<O>) -> Vec<A::Cost>
    where
        O: CostFunction<Param = Vec<f64>, Output = A::Cost> + SyncAlias,
        A::Cost: SendAlias,
    {
        let points = self.optimiser.ask();
        problem.bulk_cost(points).unwrap_or_else(|failure| {
            // One `Err` hides the costs of all the others, so they have to be asked for again.
            self.first_failure.get_or_insert_with(|| format!("{failure:#}"));
            let infeasible = |_| self.optimiser.infeasible_cost();
            points.iter().map(|point| problem.cost(point).unwrap_or_else(infeasible)).collect()
        })
    }

    /// Hands the optimiser's best to a state that has a worse one, or none.
    pub(crate) fn publish(&self, state: SearchState) -> SearchState {
        match self.optimiser.best() {
            Some((cost, position)) if cost < state.get_best_cost() => {
                state.individual(position.to_vec()).cost(cost)
            }
            _ => state,
        }
    }

    fn nothing_feasible(&self, evaluations: u64) -> ArgminError {
        let error = Error::NothingFeasible { evaluations };
        match &self.first_failure {
            Some(failure) => ArgminError::msg(failure.clone()).context(error),
            None => error.into(),
        }
    }
}

impl<O, A> Solver<O, SearchState> for Search<A>
where
    A: Optimiser<Cost: SendAlias>,
    O: CostFunction<Param = Vec<f64>, Output = A::Cost> + SyncAlias,
{
    fn name(&self) -> &str {
        self.optimiser.name()
    }

    fn init(
        &mut self,
        _problem: &mut Problem<O>,
        state: SearchState,
    ) -> Result<(SearchState, Option<KV>), ArgminError> {
        if state.individual.is_some() || state.population.is_some() {
            return Err(Error::PointsInState.into());
        }
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        state: SearchState,
    ) -> Result<(SearchState, Option<KV>), ArgminError> {
        let costs = self.evaluate(problem);
        self.optimiser.tell(&costs);

        let tally = self.optimiser.tally();
        if state.iter + 1 >= state.max_iters && !tally.found_any() {
            return Err(self.nothing_feasible(tally.evaluations));
        }
        let log = kv!(
            "evaluations" => tally.evaluations;
            "infeasible" => tally.infeasible;
            "diversity" => self.optimiser.diversity();
        );
        Ok((self.publish(state), Some(log)))
    }
}
