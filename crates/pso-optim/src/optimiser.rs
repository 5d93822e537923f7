//! What all optimisers of this crate are: ask and tell, within bounds, from a seed.
//!
//! An optimiser never calls the objective, so how candidates are evaluated, where and in which
//! order, is the caller's business and cannot change the result. It knows neither argmin, nor
//! threads, nor files.
//!
//! Validated for every optimiser by `tests/suite/every_optimiser.rs`.

use crate::{Bounds, Error, Tally};

/// Names the points to evaluate, and is told what they cost.
///
/// Everything it will ever do follows from what its constructor was given and from the costs.
///
/// ```
/// use pso_optim::{Bounds, CmaEs, DifferentialEvolution, Error, Optimiser, Swarm};
///
/// /// Any optimiser of one cost will do.
/// fn minimise(mut optimiser: impl Optimiser<Cost = f64>) -> Result<f64, Error> {
///     while optimiser.tally().evaluations < 10_000 {
///         let costs: Vec<f64> = optimiser.ask().iter().map(|x| x[0].powi(2) + x[1].powi(2)).collect();
///         optimiser.tell(&costs);
///     }
///     Ok(optimiser.outcome()?.cost)
/// }
///
/// let bounds = Bounds::new([(-5.0, 5.0), (-5.0, 5.0)])?;
/// assert!(minimise(Swarm::new(bounds.clone(), Default::default(), 7)?)? < 1e-9);
/// assert!(minimise(CmaEs::new(bounds.clone(), Default::default(), 7)?)? < 1e-9);
/// assert!(minimise(DifferentialEvolution::new(bounds, Default::default(), 7)?)? < 1e-9);
/// # Ok::<(), Error>(())
/// ```
pub trait Optimiser {
    /// What a candidate costs: `f64`, or `Vec<f64>` for several objectives. Less is better.
    type Cost: Clone;

    /// The name of the method.
    fn name(&self) -> &'static str;

    /// The box that is searched.
    fn bounds(&self) -> &Bounds;

    /// The points to evaluate, all inside the bounds, as many in every generation; the same until
    /// [`Optimiser::tell`] is called.
    fn ask(&self) -> &[Vec<f64>];

    /// Takes the costs of the points of [`Optimiser::ask`], in their order, and moves on by one
    /// generation.
    ///
    /// A cost that is not finite marks its candidate as infeasible: it is counted, and neither
    /// followed nor a result.
    ///
    /// # Panics
    ///
    /// If `costs` has another length than [`Optimiser::ask`]; if a candidate has another number of
    /// costs than there are objectives.
    fn tell(&mut self, costs: &[Self::Cost]);

    /// The cost of a candidate that could not be evaluated: NaN, for every objective.
    fn infeasible_cost(&self) -> Self::Cost;

    /// How much was done so far.
    fn tally(&self) -> Tally;

    /// The lowest cost so far and where it was seen. `None` before the first feasible candidate;
    /// and always for several objectives, which have a front instead.
    fn best(&self) -> Option<(f64, &[f64])>;

    /// How far the points of [`Optimiser::ask`] lie apart: their standard deviation as a fraction of
    /// the width of the box, root mean square over the dimensions. 0.29 for a uniform scatter, 0 when
    /// all are in one place.
    fn diversity(&self) -> f64 {
        let points = self.ask();
        let count = points.len() as f64;
        let variance = |(d, &(lower, upper)): (usize, &(f64, f64))| {
            // Halves and the division by the width first: squares of 1e300 overflow.
            let place = |x: &Vec<f64>| (x[d] / 2.0 - lower / 2.0) / (upper / 2.0 - lower / 2.0);
            let mean = points.iter().map(place).sum::<f64>() / count;
            points.iter().map(|x| (place(x) - mean).powi(2)).sum::<f64>() / count
        };
        let limits = self.bounds().limits();
        (limits.iter().enumerate().map(variance).sum::<f64>() / limits.len() as f64).sqrt()
    }

    /// The result so far.
    ///
    /// # Errors
    ///
    /// [`Error::NothingFeasible`] if no candidate has had a finite cost.
    fn outcome(&self) -> Result<Outcome, Error>
    where
        Self: Optimiser<Cost = f64>,
    {
        let Tally { evaluations, infeasible, .. } = self.tally();
        let (cost, position) = self.best().ok_or(Error::NothingFeasible { evaluations })?;
        Ok(Outcome { cost, position: position.to_vec(), evaluations, infeasible })
    }
}

/// What a search found: see [`Optimiser::outcome`].
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
