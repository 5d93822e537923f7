//! `cargo xtask soak`: every controller in the closed loop at 100 Hz for hours.
//!
//! In simulated time each controller runs in a thread of its own, as fast as it goes; with
//! `--wall-clock` all of them take turns in real time, and the resident set is watched beside the
//! exact counters. In the loop nothing may be allocated at all; what live bytes do is shown.
//!
//! Validated by `tests/soak.rs`: planted faults, pacing, and refusals.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use sim_runner::{ClosedLoop, Experiment, Starts};
use smc_controllers::{AnyController, Controller, Kind};

use crate::fault::{Fault, Faulty};
use crate::long_run::{Account, LongRun};
use crate::report::{conclude, print, print_json, table};
use crate::wall_clock::{self, WallClock};

/// 100 Hz.
const CONTROL_PERIOD: Duration = Duration::from_millis(10);

/// 10 s until the pendulum starts anew: it has settled by then, and would only stand.
const RESTART_S: f64 = 10.0;

/// Gains that settle at this rate; the shipped ones are for 1 kHz.
const EXPERIMENT: &str = include_str!("../../docs/experiments/100-hz.toml");

/// Half width of the box of initial angles in rad, and the seed of the starts.
const STARTS: (f64, u64) = (0.1, 1);

/// Steps between two readings of the counters in simulated time: a minute.
const STEPS_BETWEEN_READINGS: u64 = 6000;

/// Ten years, in hours.
const HOURS_MAX: f64 = 87_600.0;

/// A day, in seconds.
const SAMPLE_EVERY_MAX: f64 = 86_400.0;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Duration in hours
    #[arg(long, default_value_t = 8.0, value_parser = hours, allow_negative_numbers = true)]
    hours: f64,
    /// Run in real time, all controllers side by side, and watch the resident set
    #[arg(long)]
    wall_clock: bool,
    /// Seconds between two samples of the resident set
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60.0,
        value_parser = sample_every,
        allow_negative_numbers = true,
        requires = "wall_clock"
    )]
    sample_every: f64,
    /// Print one JSON document on stdout, and nothing else there
    #[arg(long)]
    json: bool,
    /// Plant a fault in every controller, which has to be found
    #[arg(long, value_name = "FAULT", hide = true)]
    plant: Option<Fault>,
}

fn hours(text: &str) -> Result<f64, String> {
    let rule = format!("finite, greater than 0 and at most {HOURS_MAX}");
    checked("hours", text, &rule, |hours| hours > 0.0 && hours <= HOURS_MAX)
}

fn sample_every(text: &str) -> Result<f64, String> {
    let period = CONTROL_PERIOD.as_secs_f64();
    let rule =
        format!("finite, at least {period} (a control period) and at most {SAMPLE_EVERY_MAX}");
    checked("sample-every", text, &rule, |seconds| (period..=SAMPLE_EVERY_MAX).contains(&seconds))
}

/// A number that keeps its rule, or else a message that names the field, the value and the rule.
fn checked(
    field: &str,
    text: &str,
    rule: &str,
    keeps: impl FnOnce(f64) -> bool,
) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if keeps(number) => Ok(number),
        _ => Err(format!("{field} = {text}: must be {rule}")),
    }
}

#[derive(Debug, Serialize)]
struct Content<'a> {
    hours: f64,
    subjects: &'a [Account],
    #[serde(skip_serializing_if = "Option::is_none")]
    wall_clock: Option<&'a WallClock>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut experiment: Experiment = toml::from_str(EXPERIMENT)?;
    experiment.simulation.control_period = CONTROL_PERIOD.as_secs_f64();
    experiment.simulation.duration = RESTART_S;
    let closed_loop = experiment.closed_loop()?;
    let controllers: Vec<(Kind, AnyController)> = Kind::ALL
        .into_iter()
        .map(|kind| Ok((kind, experiment.controller(kind)?)))
        .collect::<Result<_>>()?;

    match arguments.plant {
        None => soak(arguments, &closed_loop, controllers),
        Some(fault) => {
            let faulty = |(kind, law)| (kind, Faulty::new(law, fault));
            soak(arguments, &closed_loop, controllers.into_iter().map(faulty))
        }
    }
}

fn soak<C: Controller<Memory: Send> + Send>(
    arguments: &Arguments,
    closed_loop: &ClosedLoop,
    controllers: impl IntoIterator<Item = (Kind, C)>,
) -> Result<()> {
    let &Arguments { hours, sample_every, .. } = arguments;
    let (radius, seed) = STARTS;
    let starts = Starts::new(radius, seed)?;
    let mut runs: Vec<LongRun<C>> = controllers
        .into_iter()
        .map(|(kind, controller)| Ok(LongRun::new(kind, controller, closed_loop, starts)?))
        .collect::<Result<_>>()?;
    let steps = periods(hours * 3600.0);

    eprintln!("soak: {hours} h at 100 Hz, {steps} steps of each controller");
    let wall_clock = if arguments.wall_clock {
        Some(wall_clock::pace(&mut runs, CONTROL_PERIOD, steps, periods(sample_every))?)
    } else {
        // Each counts what its own thread does, whatever its neighbours do meanwhile.
        thread::scope(|scope| {
            for run in &mut runs {
                scope.spawn(move || simulate(run, steps));
            }
        });
        None
    };

    let accounts: Vec<Account> = runs.iter().map(|run| run.account().clone()).collect();
    let mut faults: Vec<String> = accounts.iter().filter_map(Account::fault).collect();
    faults.extend(wall_clock.iter().flat_map(WallClock::faults));
    if arguments.json {
        let content = Content { hours, subjects: &accounts, wall_clock: wall_clock.as_ref() };
        print_json(faults.is_empty(), content)?;
    } else {
        let header = [
            "controller",
            "steps",
            "settled\n/starts",
            "falls",
            "live bytes\ngrowth",
            "peak\ngrowth",
            "alloc-\nations",
        ];
        print(&table(header, accounts.iter().map(row)))?;
        if let Some(wall_clock) = &wall_clock {
            print(&format!("\n{wall_clock}"))?;
        }
    }
    conclude("soak", "no byte of growth, no allocation in the loop", &faults)
}

/// As fast as it goes.
fn simulate<C: Controller>(run: &mut LongRun<C>, steps: u64) {
    let mut steps_left = steps;
    while steps_left > 0 {
        let now = steps_left.min(STEPS_BETWEEN_READINGS);
        run.advance(now);
        steps_left -= now;
    }
    eprintln!("soak: {} done", run.account().name);
}

fn row(account: &Account) -> [String; 7] {
    [
        account.name.to_string(),
        account.steps.to_string(),
        format!("{}/{}", account.settled, account.starts),
        account.falls.to_string(),
        account.live_bytes_growth.to_string(),
        account.peak_live_bytes_growth.to_string(),
        account.allocations.to_string(),
    ]
}

/// The control periods in a time that was checked, at least one: a soak of no steps proves nothing.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
fn periods(seconds: f64) -> u64 {
    (seconds / CONTROL_PERIOD.as_secs_f64()).round().max(1.0) as u64
}
