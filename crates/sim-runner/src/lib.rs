#![doc = include_str!("../README.md")]

mod actuator;
mod attraction;
mod batch;
mod closed_loop;
mod comparison;
mod delay;
mod disturbances;
mod error;
mod experiment;
mod flight;
#[cfg(doctest)]
mod guide;
mod history;
mod influence;
mod keyed;
mod metrics;
mod mismatch;
mod montecarlo;
mod noise;
mod observer;
mod outcome;
#[cfg(feature = "parquet")]
mod parquet;
mod recovery;
mod rules;
mod scenario;
mod sensors;
mod sobol;
mod spread;
mod starts;
mod statistics;
mod streamed;
mod trajectory;
mod tuning;
mod world;

pub use actuator::{Actuator, Drive, DriveMemory};
pub use attraction::{Attraction, AttractionMap, Grid, MapPoint};
pub use batch::{Batch, Flown};
pub use closed_loop::{ClosedLoop, Uncontrolled};
pub use comparison::{Comparison, RunRow, compare};
pub use delay::DelayLine;
pub use disturbances::{Coordinate, Disturbance, Loads, LoadsMemory, Shape};
pub use error::ExperimentError;
pub use experiment::{Experiment, Simulation};
pub use history::{History, Kept};
pub use influence::{Influence, InfluenceError, Influences, Quantity, Study, influences};
pub use metrics::{Metrics, MetricsRecorder};
pub use mismatch::Mismatch;
pub use montecarlo::{Campaign, Figures, Goal, MetricQuantiles, MonteCarlo, PairFigures, WorstRun};
pub use noise::{NoiseSource, RandomNoise};
pub use observer::{Instant, Observer};
pub use outcome::{AfterFall, Outcome, Run, Settling, Track};
#[cfg(feature = "parquet")]
pub use parquet::{ParquetTrajectory, ROWS_OF_A_GROUP};
pub use recovery::{Recovery, RecoveryRecorder};
pub use scenario::{Scenario, Scenarios};
pub use sensors::{Sensing, SensingMemory, Sensors, Velocities};
pub use spread::Spread;
pub use starts::{Sampling, StartDesign, StartError, Starts};
pub use statistics::{
    Confidence, Estimate, KaplanMeier, Lifetime, Paired, Precision, Quantiles, Rate, Saltelli,
    Sensitivity, Severity, SobolIndices, SurvivalStep, WorstCase, WorstCases, holm, wilson,
};
pub use streamed::{STREAM_CAPACITY, StreamedTrajectory};
pub use trajectory::{Column, TrajectoryWriter};
pub use tuning::{
    About, Cost, Front, FrontPoint, Judgement, Method, Objectives, Plan, PointName, Progress,
    Trial, TrialFigures, Trials, TuneError, Tuned, Tuning, tune, tune_front,
};
pub use world::World;
