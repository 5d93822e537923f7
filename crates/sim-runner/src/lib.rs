#![doc = include_str!("../README.md")]

mod closed_loop;
mod comparison;
mod cost;
mod experiment;
mod history;
mod metrics;
mod observer;
mod starts;
mod trajectory;
mod tuning;

pub use closed_loop::{AfterFall, ClosedLoop, Outcome, Run, Uncontrolled};
pub use comparison::{Comparison, compare};
pub use cost::Cost;
pub use experiment::{Actuator, Controllers, Experiment, ExperimentError, Settling, Simulation};
pub use history::{History, Kept};
pub use metrics::{Metrics, MetricsRecorder};
pub use observer::{Instant, Observer};
pub use starts::{StartError, Starts};
pub use trajectory::TrajectoryWriter;
pub use tuning::{Budget, Progress, TuneError, Tuned, Tuning, tune};
