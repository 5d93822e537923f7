//! Seeded optimisers that search a box for the minimum of a continuous function: [particle
//! swarm](Swarm), [CMA-ES](CmaEs), [differential evolution](DifferentialEvolution), and
//! [NSGA-II](Nsga2) for several objectives.
//!
//! - **Reproducible.** The result follows from bounds, settings, seed and costs: the same bits
//!   whatever the order, batching or threads of evaluation.
//! - **Bounded.** No point outside the box is ever evaluated.
//! - **Honest.** A cost of NaN or infinity, or an error, marks a candidate as infeasible and is
//!   counted. A search that saw nothing feasible is an error, never a number.
//! - **Flat.** All memory is taken at construction.
//!
//! All are [`Optimiser`]s, ask and tell, which need nothing else:
//!
//! ```
//! use pso_optim::{Bounds, Optimiser, Swarm, SwarmSettings};
//!
//! // Only the right half plane is feasible; the minimum, 3 at (1, 0), lies on its edge.
//! let cost = |x: &[f64]| if x[0] < 1.0 { f64::NAN } else { x[0] + x[1].powi(2) + 2.0 };
//!
//! let bounds = Bounds::new([(-10.0, 10.0), (-10.0, 10.0)])?;
//! let mut swarm = Swarm::new(bounds, SwarmSettings::default(), 42)?;
//! for _generation in 0..200 {
//!     let costs: Vec<f64> = swarm.ask().iter().map(|x| cost(x)).collect();
//!     swarm.tell(&costs);
//! }
//!
//! let found = swarm.outcome()?;
//! assert!((found.cost - 3.0).abs() < 1e-6);
//! assert_eq!(found.evaluations, 200 * 20);
//! assert!(found.infeasible > 0);
//! # Ok::<(), pso_optim::Error>(())
//! ```
//!
//! [`Search`] wraps any of them as a solver of [argmin](argmin::core::Executor), for its limits,
//! targets, observers and Ctrl-C; [`Pointwise`] and [`Batch`] make objectives of closures.
//! `CheckpointFile` saves and resumes a search.
//!
//! The crate reads no clock, no environment and no ambient randomness, and starts no threads. Files are
//! touched by checkpoints only (feature `checkpoint`, on by default).

mod bounds;
#[cfg(feature = "checkpoint")]
mod checkpoint;
mod cma_es;
mod design;
mod dice;
mod differential_evolution;
mod error;
mod objective;
mod optimiser;
mod pareto;
mod record;
mod search;
mod stagnation;
mod swarm;
mod walls;

pub use bounds::Bounds;
#[cfg(feature = "checkpoint")]
pub use checkpoint::{CheckpointError, CheckpointFile, Resumed};
pub use cma_es::{CmaEs, CmaEsSettings};
pub use design::Design;
pub use differential_evolution::{DifferentialEvolution, DifferentialEvolutionSettings, Strategy};
pub use error::Error;
pub use objective::{Batch, Pointwise};
pub use optimiser::{Optimiser, Outcome};
pub use pareto::{Nsga2, Nsga2Settings, ParetoPoint, hypervolume};
pub use record::Tally;
pub use search::{Search, SearchState};
pub use swarm::{Inertia, Neighbourhood, Restart, Swarm, SwarmSettings};
pub use walls::Walls;

/// Compiles and runs the examples of the README.
#[cfg(all(doctest, feature = "checkpoint"))]
#[doc = include_str!("../README.md")]
struct Readme;
