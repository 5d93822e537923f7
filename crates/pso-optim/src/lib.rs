//! A seeded particle swarm that searches a box for the minimum of a continuous function.
//!
//! - **Reproducible.** The result follows from bounds, settings, seed and costs: the same bits
//!   whatever the order, batching or threads of evaluation.
//! - **Bounded.** No point outside the box is ever evaluated; a velocity limit tames the steps.
//! - **Honest.** A cost of NaN or infinity, or an error, marks a candidate as infeasible and is
//!   counted. A search that saw nothing feasible is an error, never a number.
//! - **Flat.** All memory is taken at construction.
//!
//! [`Swarm`] is the whole method as ask and tell, and needs nothing else:
//!
//! ```
//! use pso_optim::{Bounds, Settings, Swarm};
//!
//! // Only the right half plane is feasible; the minimum, 3 at (1, 0), lies on its edge.
//! let cost = |x: &[f64]| if x[0] < 1.0 { f64::NAN } else { x[0] + x[1].powi(2) + 2.0 };
//!
//! let bounds = Bounds::new([(-10.0, 10.0), (-10.0, 10.0)])?;
//! let mut swarm = Swarm::new(bounds, Settings::default(), 42)?;
//! for _generation in 0..200 {
//!     let costs: Vec<f64> = swarm.ask().iter().map(|x| cost(x)).collect();
//!     swarm.tell(&costs);
//! }
//!
//! let found = swarm.outcome()?;
//! assert!((found.cost - 3.0).abs() < 1e-6);
//! assert_eq!(found.evaluations, 200 * 40);
//! assert!(found.infeasible > 0);
//! # Ok::<(), pso_optim::Error>(())
//! ```
//!
//! [`ParticleSwarm`] wraps it as a solver of [argmin](argmin::core::Executor), for its limits,
//! targets, observers and Ctrl-C.
//!
//! The crate reads no clock, no environment and no ambient randomness, and starts no threads.

mod bounds;
mod error;
mod motion;
mod settings;
mod solver;
mod swarm;

pub use bounds::Bounds;
pub use error::Error;
pub use settings::Settings;
pub use solver::{ParticleSwarm, SwarmState};
pub use swarm::{Outcome, Swarm};

/// Compiles and runs the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
