//! What gains are tuned for: the trials that they have to stand, and the weights of the cost.
//!
//! Plain data, as it stands in an experiment file. Validated by `tests/experiment.rs`.

use dip_dynamics::State;
use serde::{Deserialize, Serialize};

use crate::disturbances::{Coordinate, Disturbance, Shape};
use crate::error::ExperimentError;
use crate::experiment::Experiment;
use crate::mismatch::Mismatch;
use crate::outcome::Settling;
use crate::rules::{not_negative, positive, require};
use crate::sensors::{Sensors, Velocities};
use crate::spread::Spread;
use crate::starts::{StartError, Starts};

/// How gains are judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Tuning {
    /// The share of a trial's runs that are the tail: the worst ones, by cost.
    pub tail: f64,
    /// The weight of the tail's mean cost; that of the mean over all runs of the trial is the rest, up to 1.
    pub tail_weight: f64,
    /// Held-out runs of each trial, which no candidate has flown, by which the result is verified.
    pub verification: u32,
    /// Weights of the metrics.
    pub cost: Cost,
    /// What gains have to stand.
    pub trials: Vec<Trial>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            tail: 0.2,
            tail_weight: 0.5,
            verification: 1000,
            cost: Cost::default(),
            trials: vec![
                Trial {
                    name: "start".to_owned(),
                    runs: 16,
                    about: About::Start,
                    radius: 0.02,
                    required: 1.0,
                    ..Trial::default()
                },
                Trial { name: "wide".to_owned(), runs: 48, ..Trial::default() },
                Trial::pushed(),
                Trial {
                    name: "off_model".to_owned(),
                    runs: 96,
                    radius: 0.2,
                    required: 0.99,
                    mismatch: Some(Mismatch::of_bodies(0.2)),
                    ..Trial::default()
                },
                Trial::noisy(),
            ],
        }
    }
}

/// Random starts in a world. What is not said of the world is as in the experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Trial {
    /// Its name in results.
    pub name: String,
    /// Runs on which each candidate is judged.
    pub runs: u32,
    /// What the box of initial states is about.
    pub about: About,
    /// Half width of the box of initial angles in rad.
    #[serde(rename = "box")]
    pub radius: f64,
    /// The share of the held-out runs that has to settle.
    pub required: f64,
    /// By when the angles have to be settled for good, in s: later does not count as settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<f64>,
    /// How far the true plant may be from the nominal one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<Mismatch>,
    /// The sensors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensors: Option<Sensors>,
    /// Forces that nobody commanded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disturbances: Option<Vec<Disturbance>>,
    /// What counts as settled and as fallen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settling: Option<Settling>,
    /// Weights of the metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// The middle of random starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Upright at rest.
    #[default]
    Upright,
    /// The start of the experiment.
    Start,
}

impl Default for Trial {
    fn default() -> Self {
        Self {
            name: "starts".to_owned(),
            runs: 24,
            about: About::Upright,
            radius: 0.5,
            required: 0.95,
            deadline: None,
            mismatch: None,
            sensors: None,
            disturbances: None,
            settling: None,
            cost: None,
        }
    }
}

impl Trial {
    /// Somebody knocks against the cart when it has settled, each time with another force.
    fn pushed() -> Self {
        let knock = Disturbance {
            on: Coordinate::Cart,
            shape: Shape::Impulse { at: 4.0, duration: 0.1, value: 20.0 },
            spread: Some(Spread::Uniform(0.5)),
        };
        Self {
            name: "pushed".to_owned(),
            runs: 16,
            radius: 0.02,
            required: 0.99,
            disturbances: Some(vec![knock]),
            ..Self::default()
        }
    }

    /// Cheap encoders and no tachometers. Nothing comes to rest in noise: what counts is that the angles stay
    /// within five times its deviation, and that the force does not amplify it.
    fn noisy() -> Self {
        let angle = 0.005;
        let sensors = Sensors {
            velocities: Velocities::FilteredDifferences { time_constant: 0.01 },
            noise: State { x: 0.001, theta1: angle, theta2: angle, ..State::UPRIGHT },
            quantum: State { theta1: 0.001, theta2: 0.001, ..State::UPRIGHT },
            ..Sensors::default()
        };
        Self {
            name: "noisy".to_owned(),
            runs: 32,
            radius: 0.1,
            sensors: Some(sensors),
            settling: Some(Settling { theta: 5.0 * angle, x: 1000.0, ..Settling::default() }),
            cost: Some(Cost {
                settling_time: 0.0,
                angle_settling_time: 0.0,
                control_effort: 1.0,
                total_variation: 2e-5,
                ..Cost::default()
            }),
            ..Self::default()
        }
    }
}

/// Each candidate flies every run: more would take days.
const RUNS_MAX: u32 = 100_000;

impl Tuning {
    /// Checks everything; `experiment` is what this is part of.
    pub(crate) fn check(&self, experiment: &Experiment) -> Result<(), ExperimentError> {
        let count = |key: String, runs: u32| {
            let few = (1..=RUNS_MAX).contains(&runs);
            require(key, f64::from(runs), few, "from 1 to 100000")
        };
        let share = "greater than 0 and at most 1";
        require("tuning.tail", self.tail, self.tail > 0.0 && self.tail <= 1.0, share)?;
        let weighs = (0.0..=1.0).contains(&self.tail_weight);
        require("tuning.tail_weight", self.tail_weight, weighs, "from 0 to 1")?;
        count("tuning.verification".to_owned(), self.verification)?;
        self.cost.check().map_err(|error| placed(error, &|name| format!("tuning.{name}")))?;
        let some = !self.trials.is_empty();
        require("tuning.trials", self.trials.len() as f64, some, "at least one")?;
        for (i, trial) in self.trials.iter().enumerate() {
            let key = |name: &str| format!("tuning.trials.{i}.{name}");
            count(key("runs"), trial.runs)?;
            Starts::new(trial.radius, 0).map_err(|StartError { value }| {
                ExperimentError::Setting { key: key("box").into(), value, rule: StartError::RULE }
            })?;
            let keeps = (0.0..=1.0).contains(&trial.required);
            require(key("required"), trial.required, keeps, "from 0 to 1")?;
            if let Some(deadline) = trial.deadline {
                positive(key("deadline"), deadline)?;
                let is_seen = deadline <= experiment.simulation.duration;
                let rule = "at most simulation.duration";
                require(key("deadline"), deadline, is_seen, rule)?;
            }
            let world = trial.world(experiment);
            if let Some(cost) = &trial.cost {
                cost.check().map_err(|error| placed(error, &key))?;
            }
            world
                .closed_loop()
                .and_then(|_| world.mismatch.check(&world.plant))
                .map_err(|error| placed(error, &key))?;
        }
        Ok(())
    }
}

impl Trial {
    /// The experiment with what is said of the world here.
    pub(crate) fn world(&self, experiment: &Experiment) -> Experiment {
        let mut world = experiment.clone();
        world.mismatch = self.mismatch.unwrap_or(world.mismatch);
        world.sensors = self.sensors.unwrap_or(world.sensors);
        world.settling = self.settling.unwrap_or(world.settling);
        if let Some(disturbances) = &self.disturbances {
            world.disturbances.clone_from(disturbances);
        }
        world
    }

    /// The middle of its starts.
    pub(crate) fn middle(&self, experiment: &Experiment) -> State {
        match self.about {
            About::Upright => State::UPRIGHT,
            About::Start => experiment.start,
        }
    }

    /// Its starts about the middle; the box of a checked experiment is right.
    pub(crate) fn starts(&self, seed: u64) -> Starts {
        Starts::new(self.radius, seed).expect("the box of a checked experiment is right")
    }
}

/// A fault of the world of a trial at its place: what the experiment says was checked before.
fn placed(error: ExperimentError, key: &impl Fn(&str) -> String) -> ExperimentError {
    match error {
        ExperimentError::Setting { key: place, value, rule } => {
            ExperimentError::Setting { key: key(&place).into(), value, rule }
        }
        other => other,
    }
}

/// Weights of the metrics in `J`. Each metric is divided by what it is compared with, so that weights
/// are numbers without a unit: `docs/metrics.md`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Cost {
    /// Of the settling time, as a share of the horizon.
    pub settling_time: f64,
    /// Of the settling time of the angles, as a share of the horizon.
    pub angle_settling_time: f64,
    /// Of `∫(|θ1| + |θ2|)dt`, in rad·s.
    pub iae: f64,
    /// Of `∫F²dt`, as a share of that of the largest force all the time.
    pub control_effort: f64,
    /// Of the total variation of the command, in multiples of the largest force.
    pub total_variation: f64,
    /// Of the travel of the cart, in m.
    pub cart_travel: f64,
}

impl Default for Cost {
    fn default() -> Self {
        Self {
            settling_time: 0.7,
            angle_settling_time: 6.0,
            iae: 1.0,
            control_effort: 20.0,
            total_variation: 0.03,
            cart_travel: 0.1,
        }
    }
}

impl Cost {
    fn check(&self) -> Result<(), ExperimentError> {
        let weights = [
            ("cost.settling_time", self.settling_time),
            ("cost.angle_settling_time", self.angle_settling_time),
            ("cost.iae", self.iae),
            ("cost.control_effort", self.control_effort),
            ("cost.total_variation", self.total_variation),
            ("cost.cart_travel", self.cart_travel),
        ];
        for (key, value) in weights {
            not_negative(key, value)?;
        }
        let some = weights.iter().any(|&(_, value)| value != 0.0);
        require(weights[0].0, 0.0, some, "greater than 0, or another weight of the cost")
    }
}
