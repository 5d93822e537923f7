#![doc = include_str!("../README.md")]

mod closed_loop;
mod comparison;
mod cost;
mod error;
mod experiment;
mod history;
mod metrics;
mod observer;
mod outcome;
mod starts;
mod trajectory;
mod tuning;

pub use closed_loop::{ClosedLoop, Uncontrolled};
pub use comparison::{Comparison, compare};
pub use cost::{Cost, Tuning};
pub use error::ExperimentError;
pub use experiment::{Actuator, Experiment, Simulation};
pub use history::{History, Kept};
pub use metrics::{Metrics, MetricsRecorder};
pub use observer::{Instant, Observer};
pub use outcome::{AfterFall, Outcome, Run, Settling};
pub use starts::{StartError, Starts};
pub use trajectory::TrajectoryWriter;
pub use tuning::{Budget, Progress, TuneError, Tuned, tune};
