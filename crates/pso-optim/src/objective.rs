//! Closures as objectives of argmin: one candidate at a time, or a whole generation at once.
//!
//! Threads, lanes and machines belong to the closure; costs come back in the order of the candidates, so
//! that no result depends on them. Validated by `tests/suite/executor.rs`.

use std::borrow::Borrow;

use argmin::core::{CostFunction, Error, SendAlias, SyncAlias};

/// The cost of one candidate, `Fn(&[f64]) -> C`.
///
/// `C` is `f64`, or `Vec<f64>` for several objectives. What cannot be evaluated costs NaN. An objective
/// that has errors to tell implements argmin's `CostFunction` itself.
#[derive(Clone, Copy, Debug)]
pub struct Pointwise<F>(pub F);

impl<F: Fn(&[f64]) -> C, C> CostFunction for Pointwise<F> {
    type Param = Vec<f64>;
    type Output = C;

    fn cost(&self, point: &Vec<f64>) -> Result<C, Error> {
        Ok(self.0(point))
    }
}

/// The costs of a whole generation, `Fn(&[&[f64]]) -> Vec<C>`: one for each candidate, in their order.
///
/// ```
/// use argmin::core::Executor;
/// use pso_optim::{Batch, Bounds, Search, Swarm, SwarmSettings};
/// use rayon::prelude::*;
///
/// let cost = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
/// let objective = Batch(|points: &[&[f64]]| points.par_iter().map(|x| cost(x)).collect());
///
/// let swarm = Swarm::new(Bounds::new([(-5.0, 5.0); 3])?, SwarmSettings::default(), 1)?;
/// let result = Executor::new(objective, Search::new(swarm))
///     .configure(|state| state.max_iters(500).target_cost(1e-9))
///     .run()?;
/// assert!(result.state.best_cost <= 1e-9);
/// # Ok::<(), argmin::core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Batch<F>(pub F);

impl<F: Fn(&[&[f64]]) -> Vec<C>, C> CostFunction for Batch<F> {
    type Param = Vec<f64>;
    type Output = C;

    fn cost(&self, point: &Vec<f64>) -> Result<C, Error> {
        let mut costs = self.0(&[point]);
        assert_eq!(costs.len(), 1, "one cost per candidate");
        Ok(costs.swap_remove(0))
    }

    fn bulk_cost<P>(&self, points: &[P]) -> Result<Vec<C>, Error>
    where
        P: Borrow<Vec<f64>> + SyncAlias,
        C: SendAlias,
        Self: SyncAlias,
    {
        let points: Vec<&[f64]> = points.iter().map(|point| point.borrow().as_slice()).collect();
        Ok(self.0(&points))
    }
}
