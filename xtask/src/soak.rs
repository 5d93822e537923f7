//! `cargo xtask soak`: every controller in long service at 100 Hz for hours.
//!
//! In simulated time the controllers go as fast as they can; with `--wall-clock` they take their steps
//! in real time. What each does to the heap is counted to the byte (`long_run.rs`); in between, gains
//! are tuned in short bursts, one law after the other. Live bytes and the resident set are sampled
//! beside it, and judged by the trend test: that sees what counting cannot, a heap full of holes.
//!
//! Validated by `tests/soak.rs`: planted faults, pacing, interruption and refusals.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use memcheck::{
    Attribution, Durations, Judgement, Meter, ProcessMeter, ResidentMeter, Series, Survivors,
    Verdict, svg,
};
use serde::Serialize;
use sim_runner::{
    ClosedLoop, Coordinate, Disturbance, Experiment, Method, Plan, Shape, Starts, Trial,
};
use smc_controllers::{AnyController, Controller, Kind};

use crate::bulk::Workshop;
use crate::fault::{Fault, Faulty};
use crate::long_run::{Account, LongRun};
use crate::pace::{self, Pace};
use crate::report::{cell, conclude, json, print, table};

/// 100 Hz.
const CONTROL_PERIOD: Duration = Duration::from_millis(10);

/// 10 s until the pendulum starts anew: it has settled by then, and would only stand.
const RESTART_S: f64 = 10.0;

/// Gains that settle at this rate; the shipped ones are for 1 kHz.
const EXPERIMENT: &str = include_str!("../../docs/experiments/100-hz.toml");

/// Somebody kicks the cart after each start.
const KICK: Disturbance = Disturbance {
    on: Coordinate::Cart,
    shape: Shape::Impulse { at: 2.0, duration: 0.1, value: 20.0 },
    spread: None,
};

/// Half width of the box of initial angles in rad, and the seed of the starts.
const STARTS: (f64, u64) = (0.1, 1);

/// A burst of tuning: eight candidates, two generations, two runs of a second each.
const BURST: Plan =
    Plan { method: Method::Swarm, candidates: 8, evaluations: 16, seed: 1, anew: false };
const BURST_STARTS: u32 = 2;
const BURST_S: f64 = 1.0;

/// 1 MiB per hour. Less could not be told from a single late page in a run of minutes; what the
/// controllers leave behind is counted exactly beside this.
const LIMIT_BYTES_PER_HOUR: f64 = 1_048_576.0;

/// Steps between two samples in simulated time: a minute, or a hundredth of a short run.
const STEPS_BETWEEN_SAMPLES: u64 = 6000;
const SAMPLES_OF_SHORT_RUN: u64 = 100;

/// They take 16 MB.
const SAMPLES_MAX: u64 = 1_000_000;

/// Ten years, in hours.
const HOURS_MAX: f64 = 87_600.0;

/// A day, in seconds.
const SAMPLE_EVERY_MAX: f64 = 86_400.0;

/// Places where surviving bytes came from that are shown.
const SITES_SHOWN: usize = 10;

/// Somebody has pressed Ctrl-C.
static STOP: AtomicBool = AtomicBool::new(false);

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Duration in hours
    #[arg(long, default_value_t = 8.0, value_parser = hours, allow_negative_numbers = true)]
    hours: f64,
    /// Run in real time
    #[arg(long)]
    wall_clock: bool,
    /// Seconds between two samples
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60.0,
        value_parser = sample_every,
        allow_negative_numbers = true,
        requires = "wall_clock"
    )]
    sample_every: f64,
    /// Threads that share the controllers [default: as many as the machine has]
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<usize>,
    /// Tell where bytes that survive were allocated
    #[arg(long)]
    profile: bool,
    /// Write the sampled series as an SVG
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Print one JSON document on stdout, and nothing else there
    #[arg(long)]
    json: bool,
    /// Write the JSON document to a file, whatever is printed
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Plant a fault in every controller, which has to be found
    #[arg(long, value_name = "FAULT", hide = true)]
    plant: Option<Fault>,
}

fn hours(text: &str) -> Result<f64, String> {
    let rule = format!("finite, greater than 0 and at most {HOURS_MAX}");
    checked("hours", text, &rule, |&hours: &f64| hours > 0.0 && hours <= HOURS_MAX)
}

fn sample_every(text: &str) -> Result<f64, String> {
    let period = CONTROL_PERIOD.as_secs_f64();
    let rule =
        format!("finite, at least {period} (a control period) and at most {SAMPLE_EVERY_MAX}");
    checked("sample-every", text, &rule, |seconds| (period..=SAMPLE_EVERY_MAX).contains(seconds))
}

fn threads(text: &str) -> Result<usize, String> {
    let most = Kind::ALL.len();
    checked("threads", text, &format!("from 1 to {most}"), |threads| (1..=most).contains(threads))
}

/// A number that keeps its rule, or else a message that names the field, the value and the rule.
fn checked<T: std::str::FromStr>(
    field: &str,
    text: &str,
    rule: &str,
    keeps: impl FnOnce(&T) -> bool,
) -> Result<T, String> {
    match text.parse() {
        Ok(number) if keeps(&number) => Ok(number),
        _ => Err(format!("{field} = {text}: must be {rule}")),
    }
}

/// What a soak has seen.
#[derive(Debug, Serialize)]
struct Report {
    hours: f64,
    threads: usize,
    interrupted: bool,
    subjects: Vec<Account>,
    tuning: Bursts,
    live: Watched,
    resident: Watched,
    /// Of the whole process, from its start on.
    resident_peak_bytes: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pace: Option<Pace>,
    /// With `--profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    survivors: Option<Survivors>,
}

/// A series and what it says.
#[derive(Debug, Serialize)]
struct Watched {
    judgement: Judgement,
    series: Series,
}

impl Watched {
    fn of(series: Series) -> Result<Self> {
        let judgement = Judgement::of(series.samples(), LIMIT_BYTES_PER_HOUR)?;
        Ok(Self { judgement, series })
    }

    fn rows(&self, name: &str) -> [[String; 6]; 2] {
        let kib = |bytes: Option<f64>| bytes.map_or("-".into(), |b| cell(b / 1024.0, 1, 8));
        self.judgement.parts().map(|(part, report)| {
            let e = report.estimate;
            [
                format!("{name}, {part}"),
                report.samples_given.to_string(),
                kib(e.map(|e| e.slope_bytes_per_hour)),
                kib(e.map(|e| e.slope_low_bytes_per_hour)),
                kib(e.map(|e| e.slope_high_bytes_per_hour)),
                report.verdict.to_string(),
            ]
        })
    }
}

/// What tuning did beside the controllers, and what it left.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Bursts {
    runs: u64,
    evaluations: u64,
    live_bytes_growth: i64,
}

/// What goes on beside the controllers, between their steps or while they run.
struct Surroundings {
    live: (ProcessMeter, Series),
    resident: (ResidentMeter, Series),
    workshop: Workshop,
    burst: Experiment,
    bursts: Bursts,
}

impl Surroundings {
    /// Everything that is taken once is taken here; each law is tuned once before anything counts.
    fn new(experiment: &Experiment, samples: usize) -> Result<Self> {
        let mut burst = experiment.clone();
        burst.simulation.duration = BURST_S;
        burst.tuning.trials = vec![Trial { runs: BURST_STARTS, ..Trial::default() }];
        burst.tuning.verification = BURST_STARTS;
        burst.settling.hold = burst.settling.hold.min(BURST_S);
        burst.disturbances.clear();
        let mut surroundings = Self {
            live: (ProcessMeter::new()?, Series::with_capacity(samples)),
            resident: (ResidentMeter::new()?, Series::with_capacity(samples)),
            workshop: Workshop::new()?,
            burst,
            bursts: Bursts::default(),
        };
        for _ in Kind::ALL {
            surroundings.tune()?;
        }
        surroundings.resident.0.live_bytes()?;
        surroundings.bursts = Bursts::default();
        Ok(surroundings)
    }

    fn sample(&mut self, t: Duration) -> Result<()> {
        self.live.1.sample(t, &mut self.live.0)?;
        self.resident.1.sample(t, &mut self.resident.0)?;
        Ok(())
    }

    /// The next law's turn.
    fn tune(&mut self) -> Result<()> {
        let turn = self.bursts.runs % Kind::ALL.len() as u64;
        let kind = Kind::ALL[usize::try_from(turn)?];
        let (evaluations, change) = self.workshop.tune(&self.burst, kind, BURST, || ())?;
        self.bursts.runs += 1;
        self.bursts.evaluations += evaluations;
        self.bursts.live_bytes_growth += change.live_bytes;
        Ok(())
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut experiment: Experiment = toml::from_str(EXPERIMENT)?;
    experiment.simulation.control_period = CONTROL_PERIOD.as_secs_f64();
    experiment.simulation.duration = RESTART_S;
    experiment.disturbances = vec![KICK];
    let laws: Vec<(Kind, AnyController)> = Kind::ALL
        .into_iter()
        .map(|kind| Ok((kind, experiment.controller(kind)?)))
        .collect::<Result<_>>()?;
    match arguments.plant {
        None => {
            soak(arguments, &experiment, laws.into_iter().map(|(kind, law)| (kind, move || law)))
        }
        Some(fault) => {
            let faulty = |(kind, law)| (kind, move || Faulty::new(law, fault));
            soak(arguments, &experiment, laws.into_iter().map(faulty))
        }
    }
}

fn soak<C, B>(
    arguments: &Arguments,
    experiment: &Experiment,
    builders: impl IntoIterator<Item = (Kind, B)>,
) -> Result<()>
where
    C: Controller<Memory: Send> + Send,
    B: FnMut() -> C + Send,
{
    let &Arguments { hours, sample_every, wall_clock, .. } = arguments;
    let threads = arguments
        .threads
        .unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from))
        .min(Kind::ALL.len());
    let closed_loop = experiment.closed_loop()?;
    let (radius, seed) = STARTS;
    let starts = Starts::new(radius, seed)?;
    let mut runs: Vec<LongRun<C, B>> = builders
        .into_iter()
        .map(|(kind, build)| LongRun::new(kind, build, &closed_loop, starts))
        .collect::<Result<_>>()?;
    let steps = periods(hours * 3600.0);
    let between_samples = if wall_clock {
        periods(sample_every)
    } else {
        (steps / SAMPLES_OF_SHORT_RUN).clamp(1, STEPS_BETWEEN_SAMPLES)
    };
    let samples = steps.div_ceil(between_samples) + 1;
    anyhow::ensure!(samples <= SAMPLES_MAX, "{samples} samples: at most {SAMPLES_MAX} are kept");
    let samples = usize::try_from(samples)?;
    if samples < Judgement::MIN_SAMPLES {
        eprintln!(
            "soak: {samples} samples will decide nothing, it takes {}: \
             --hours for longer, --sample-every for more of them",
            Judgement::MIN_SAMPLES
        );
    }
    ctrlc::set_handler(|| STOP.store(true, Relaxed))?;
    let mut surroundings = Surroundings::new(experiment, samples)?;
    let attribution = arguments.profile.then(Attribution::start).transpose()?;

    eprintln!("soak: {hours} h at 100 Hz on {threads} threads, {steps} steps of each controller");
    let course = Course { steps, between_samples, threads };
    let pace = if wall_clock {
        Some(course.keep_pace(&mut runs, &mut surroundings)?)
    } else {
        course.simulate(&mut runs, &mut surroundings, &closed_loop)?;
        None
    };

    let survivors = attribution.as_ref().map(Attribution::survivors);
    let resident_peak_bytes = surroundings.resident.0.peak_bytes()?;
    let report = Report {
        hours,
        threads,
        interrupted: STOP.load(Relaxed),
        subjects: runs.iter().map(LongRun::account).collect(),
        tuning: surroundings.bursts,
        live: Watched::of(surroundings.live.1)?,
        resident: Watched::of(surroundings.resident.1)?,
        resident_peak_bytes,
        pace,
        survivors,
    };
    report.tell(arguments)
}

/// How long, how often, on how many threads.
struct Course {
    steps: u64,
    between_samples: u64,
    threads: usize,
}

impl Course {
    /// Each thread's share of the controllers.
    fn shares<'a, T>(&self, runs: &'a mut [T]) -> impl Iterator<Item = &'a mut [T]> {
        runs.chunks_mut(runs.len().div_ceil(self.threads))
    }

    /// As fast as it goes: all advance by some steps, then there is a sample and a burst.
    fn simulate<C, B>(
        &self,
        runs: &mut [LongRun<'_, C, B>],
        surroundings: &mut Surroundings,
        closed_loop: &ClosedLoop,
    ) -> Result<()>
    where
        C: Controller<Memory: Send> + Send,
        B: FnMut() -> C + Send,
    {
        let mut done = 0;
        surroundings.sample(Duration::ZERO)?;
        while done < self.steps && !STOP.load(Relaxed) {
            let now = self.between_samples.min(self.steps - done);
            thread::scope(|scope| {
                for share in self.shares(runs) {
                    scope.spawn(move || share.iter_mut().for_each(|run| run.advance(now)));
                }
            });
            done += now;
            surroundings.tune()?;
            surroundings.sample(Duration::from_secs_f64(done as f64 * closed_loop.period()))?;
        }
        Ok(())
    }

    /// In real time. Samples and bursts go on beside the controllers, on this thread.
    fn keep_pace<C, B>(
        &self,
        runs: &mut [LongRun<'_, C, B>],
        surroundings: &mut Surroundings,
    ) -> Result<Pace>
    where
        C: Controller<Memory: Send> + Send,
        B: FnMut() -> C + Send,
    {
        let begin = Instant::now();
        let lateness = thread::scope(|scope| {
            let workers: Vec<_> = self
                .shares(runs)
                .map(|share| {
                    let step = || share.iter_mut().for_each(|run| run.advance(1));
                    scope.spawn(move || pace::keep(begin, CONTROL_PERIOD, self.steps, &STOP, step))
                })
                .collect();
            let watched = self.watch(begin, surroundings);
            if watched.is_err() {
                STOP.store(true, Relaxed);
            }
            let mut lateness = Durations::new();
            for worker in workers {
                lateness.add(&worker.join().expect("a worker does not panic"));
            }
            watched.map(|()| lateness)
        })?;
        Ok(Pace { wall_s: begin.elapsed().as_secs_f64(), lateness: lateness.quantiles() })
    }

    /// Samples when it is time, and tunes after each sample, until the controllers are through.
    fn watch(&self, begin: Instant, surroundings: &mut Surroundings) -> Result<()> {
        let end = pace::deadline(CONTROL_PERIOD, self.steps);
        let mut next = 0;
        while next <= self.steps && !STOP.load(Relaxed) {
            let due = pace::deadline(CONTROL_PERIOD, next).min(end);
            let left = due.saturating_sub(begin.elapsed());
            if left > Duration::ZERO {
                // Somebody may press Ctrl-C meanwhile.
                thread::sleep(left.min(Duration::from_millis(200)));
                continue;
            }
            surroundings.sample(begin.elapsed())?;
            surroundings.tune()?;
            next += self.between_samples;
        }
        Ok(())
    }
}

impl Report {
    fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> = self.subjects.iter().filter_map(Account::fault).collect();
        let Bursts { runs, live_bytes_growth, .. } = self.tuning;
        if live_bytes_growth > 0 {
            faults.push(format!("{runs} bursts of tuning left {live_bytes_growth} bytes"));
        }
        for (name, Watched { judgement, .. }) in
            [("live bytes", &self.live), ("resident set", &self.resident)]
        {
            if judgement.verdict != Verdict::Flat {
                faults.push(format!("{name}: {judgement}"));
            }
        }
        if self.interrupted {
            let steps = self.subjects.iter().map(|subject| subject.steps).min().unwrap_or(0);
            faults.push(format!("interrupted after {steps} steps"));
        }
        if let Some(survivors) = &self.survivors
            && !faults.is_empty()
        {
            let sites = survivors.sites.iter().take(SITES_SHOWN);
            faults.extend(sites.map(|site| {
                let location = site.location.as_deref().unwrap_or("no line known");
                let (bytes, blocks) = (site.bytes, site.blocks);
                format!("{bytes} bytes in {blocks} blocks from {} ({location})", site.function)
            }));
        }
        faults
    }

    fn tell(self, arguments: &Arguments) -> Result<()> {
        if let Some(path) = &arguments.picture {
            let series = [
                ("live", self.live.series.samples()),
                ("resident", self.resident.series.samples()),
            ];
            fs::write(path, svg(&series)).with_context(|| path.display().to_string())?;
        }
        let faults = self.faults();
        if let Some(path) = &arguments.report {
            let document = json(faults.is_empty(), &self)?;
            fs::write(path, document).with_context(|| path.display().to_string())?;
        }
        if arguments.json {
            print(&json(faults.is_empty(), &self)?)?;
        } else {
            self.print()?;
        }
        conclude("soak", "no byte of growth, no allocation in the loop, both series flat", &faults)
    }

    fn print(&self) -> Result<()> {
        print(&table(HEADER, self.subjects.iter().map(row)))?;
        let header = ["series", "samples", "slope\nKiB/h", "95 %\nfrom", "95 %\nto", "verdict"];
        let rows = [self.live.rows("live"), self.resident.rows("resident")];
        print(&table(header, rows.into_iter().flatten()))?;
        let Bursts { runs, evaluations, live_bytes_growth } = self.tuning;
        print(&format!(
            "{runs} bursts of tuning, {evaluations} candidates: {live_bytes_growth} bytes left\n\
             at most {} KiB resident",
            self.resident_peak_bytes / 1024
        ))?;
        self.pace.as_ref().map_or(Ok(()), |pace| print(&pace.to_string()))
    }
}

const HEADER: [&str; 8] = [
    "controller",
    "steps",
    "starts",
    "un-\nsettled",
    "falls",
    "growth\n[B]",
    "most\n[B]",
    "alloc-\nations",
];

fn row(account: &Account) -> [String; 8] {
    [
        account.name.to_string(),
        // Exact up to 2,777 hours.
        cell(account.steps as f64, 0, 9),
        cell(account.starts as f64, 0, 6),
        cell((account.starts - account.settled) as f64, 0, 6),
        cell(account.falls as f64, 0, 6),
        cell(account.live_bytes_growth as f64, 0, 6),
        cell(account.peak_live_bytes_growth as f64, 0, 6),
        cell(account.allocations as f64, 0, 6),
    ]
}

/// The control periods in a time that was checked, at least one: a soak of no steps proves nothing.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
fn periods(seconds: f64) -> u64 {
    (seconds / CONTROL_PERIOD.as_secs_f64()).round().max(1.0) as u64
}

#[cfg(test)]
mod tests {
    use smc_controllers::Kind;

    use super::{HEADER, row};
    use crate::long_run::Account;
    use crate::report::table;

    #[test]
    fn the_widest_numbers_fit_eighty_columns() {
        let worst = |name| Account {
            name,
            steps: u64::MAX,
            starts: u64::MAX,
            falls: u64::MAX,
            settled: 0,
            recreations: u64::MAX,
            resets: u64::MAX,
            loans: u64::MAX,
            live_bytes_growth: i64::MIN,
            peak_live_bytes_growth: i64::MAX,
            allocations: u64::MAX,
            first_touched_s: None,
        };
        let many_hours = |name| Account { steps: 999_999_999, ..worst(name) };
        let eight_hours = |name| Account { steps: 2_880_000, ..worst(name) };
        for accounts in [Kind::ALL.map(worst), Kind::ALL.map(many_hours)] {
            let table = table(HEADER, accounts.iter().map(row));
            for line in table.lines() {
                assert!(line.chars().count() <= 80, "{line}");
            }
        }
        assert_eq!(row(&eight_hours(Kind::Lqr))[1], "2880000");
    }
}
