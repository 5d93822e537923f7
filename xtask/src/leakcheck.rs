//! `cargo xtask leakcheck`: controllers are constructed, used and dropped, and must leave nothing.
//!
//! Every law is tried in every way in which controllers come and go ([`Way`]). The counts are exact,
//! hence the limits are zero: bytes left by all instances together, and allocations in any control
//! step. A controller and what its run remembers are at most 1 KiB. Where a limit is broken, the subject
//! is tried once more with stacks noted, and the report names the functions.
//!
//! Validated by `tests/leakcheck.rs`: planted faults have to be caught for every subject, by name.

use std::cell::RefCell;
use std::fs;
use std::hint::black_box;
use std::io::{self, Sink};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use dip_dynamics::{Linearisation, Plant, State};
use memcheck::{
    Attribution, CounterChange, GateError, Growth, Pool, Scope, Survivors, ThreadMeter, growth,
    no_alloc,
};
use serde::Serialize;
use sim_runner::{
    ClosedLoop, Experiment, Method, Observer, Plan, Scenario, Starts, StreamedTrajectory, Trial,
    World,
};
use smc_controllers::{
    AdaptiveSpec, AnyController, AnyMemory, ClassicalSpec, Command, ConditionalHybridSpec,
    Controller, ControllerSpec, DesignError, HybridSpec, Instance, IntegralSpec, Kind,
    LqrIntegralSpec, LqrSpec, Memory, Sample, SuperTwistingSpec,
};

use crate::bulk::Workshop;
use crate::fault::{Fault, Faulty};
use crate::report::{conclude, json, print, table};

/// Instances of each subject, but for those in bulk.
const INSTANCES: u64 = 1000;

/// Control steps for which each instance is used.
const STEPS: u64 = 200;

/// What a controller and the memory of its run may take.
const FOOTPRINT_MAX: i64 = 1024;

/// Controllers that a pool lends.
const POOL: u64 = 4;

/// Samples that the history of an instance that is kept alive can hold.
const HISTORY: usize = 100;

/// Instants for which the queue of a stream has room.
const QUEUE: usize = 64;

/// Tuning runs and batches are tried twice, with 10,000 candidates or runs each, which differ only in
/// their length: what a step allocates is the difference of the two.
const BULK_STEPS: [u64; 2] = [20, 40];
const TUNING: Plan =
    Plan { method: Method::Swarm, candidates: 100, evaluations: 10_000, seed: 1, anew: false };
const BATCH: u64 = 10_000;

/// Half width of the box of initial angles in rad, and the seed of the starts.
const STARTS: (f64, u64) = (0.1, 1);

/// Populations that are looked at again where a limit is broken, and functions that are named.
const AGAIN: u64 = 10;
const SITES_SHOWN: usize = 3;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only these laws [default: all]
    #[arg(long, value_name = "LAW", value_delimiter = ',')]
    laws: Vec<Kind>,
    /// Print one JSON document on stdout, and nothing else there
    #[arg(long)]
    json: bool,
    /// Write the JSON document to a file, whatever is printed
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Plant a fault in every instance, which has to be found
    #[arg(long, value_name = "FAULT", hide = true)]
    plant: Option<Fault>,
}

/// How an instance comes and goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// As the law's own type, one after the other.
    Direct,
    /// From the factory by name, one after the other; each time a factory refuses wrong gains too.
    Factory,
    /// Lent by a pool, and reset on return; pools come and go.
    Pool,
    /// In service, and bound weakly to a plant that all share.
    Bound,
    /// In service with a history, on the heap, all alive at once before any is dropped.
    KeptAlive,
    /// As a run of a batch, in lanes, each from the factory.
    Batch,
    /// As a candidate, inside a whole tuning run.
    Tuning,
    /// With a recorder that streams every instant to a thread that writes.
    Streamed,
}

impl Way {
    const ALL: [Self; 8] = [
        Self::Direct,
        Self::Factory,
        Self::Pool,
        Self::Bound,
        Self::KeptAlive,
        Self::Batch,
        Self::Tuning,
        Self::Streamed,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Factory => "factory",
            Self::Pool => "pool",
            Self::Bound => "bound",
            Self::KeptAlive => "kept_alive",
            Self::Batch => "batch",
            Self::Tuning => "tuning",
            Self::Streamed => "streamed",
        }
    }

    /// Does an instance hold more than itself: a history or a queue, by choice?
    const fn records(self) -> bool {
        matches!(self, Self::KeptAlive | Self::Streamed)
    }
}

/// What the instances of one subject did to the heap.
#[derive(Debug, Serialize)]
struct Subject {
    /// `law/way`.
    name: String,
    /// `value_bytes + heap_bytes`.
    bytes_per_instance: i64,
    /// The controller and its memory, or the pointer to them.
    value_bytes: i64,
    /// Live heap bytes of an instance at the end of its use.
    heap_bytes: i64,
    allocations_per_construction: f64,
    allocations_per_step: f64,
    /// By all instances together.
    bytes_left: i64,
    bytes_left_per_1000: f64,
    instances: u64,
    steps: u64,
    /// What broke a limit, and in which functions.
    faults: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Content<'a> {
    subjects: &'a [Subject],
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let bench = Bench::new(arguments.plant)?;
    let laws = if arguments.laws.is_empty() { &Kind::ALL[..] } else { &arguments.laws };
    let subjects: Vec<Subject> = laws
        .iter()
        .flat_map(|&kind| Way::ALL.map(|way| bench.subject(kind, way)))
        .collect::<Result<_>>()?;
    let faults: Vec<String> = subjects.iter().flat_map(|subject| subject.faults.clone()).collect();
    let document = json(faults.is_empty(), Content { subjects: &subjects })?;
    if let Some(path) = &arguments.report {
        fs::write(path, &document).with_context(|| path.display().to_string())?;
    }
    if arguments.json {
        print(&document)?;
    } else {
        let header = [
            "subject",
            "bytes per\ninstance",
            "allocations\nper build",
            "allocations\nper step",
            "bytes left\nper 1000",
        ];
        print(&table(header, subjects.iter().map(Subject::row)))?;
    }
    conclude("leakcheck", "0 bytes left, 0 allocations in the steps, 1 KiB a controller", &faults)
}

impl Subject {
    fn row(&self) -> [String; 5] {
        [
            self.name.clone(),
            self.bytes_per_instance.to_string(),
            format!("{:.3}", self.allocations_per_construction),
            self.allocations_per_step.to_string(),
            self.bytes_left_per_1000.to_string(),
        ]
    }
}

/// A controller and what its run remembers; somebody may watch it.
struct Loose<C: Controller, O> {
    controller: C,
    memory: C::Memory,
    observer: O,
}

impl<C: Controller, O: Observer> Loose<C, O> {
    fn new(controller: C, observer: O) -> Self {
        let memory = controller.initial_memory();
        Self { controller, memory, observer }
    }

    fn work(&mut self, closed_loop: &ClosedLoop, start: State) {
        let Self { controller, memory, observer } = self;
        work(closed_loop, start, controller, memory, observer);
    }
}

/// An instance in service, as the closed loop calls a controller.
struct InService<'a, C: Controller>(RefCell<&'a mut Instance<C>>);

impl<C: Controller> Controller for InService<'_, C> {
    type Memory = ();

    fn initial_memory(&self) {}

    fn law(&self, (): &mut (), sample: &Sample<'_>) -> Command {
        self.0.borrow_mut().control(sample.state, sample.dt)
    }
}

fn serve<C: Controller>(instance: &mut Instance<C>, closed_loop: &ClosedLoop, start: State) {
    work(closed_loop, start, &InService(RefCell::new(instance)), &mut (), &mut ());
}

/// Runs the closed loop to its horizon, whatever becomes of the pendulum, and ends with a measurement
/// that is no number.
fn work<C: Controller>(
    closed_loop: &ClosedLoop,
    start: State,
    controller: &C,
    memory: &mut C::Memory,
    observer: &mut impl Observer,
) {
    let mut world = World::new(closed_loop);
    world.begin(&Scenario::new(start, *closed_loop.model(), 0));
    for _ in 0..closed_loop.periods() {
        world.period(controller, memory, observer);
    }
    let broken = State { theta1: f64::NAN, ..*world.state() };
    let sample = Sample { state: &broken, model: None, dt: closed_loop.period() };
    black_box(controller.control(memory, &sample));
}

/// A run that streams. Its writer ends with it.
struct Streaming<C: Controller> {
    instance: Loose<C, Option<StreamedTrajectory<Sink>>>,
}

impl<C: Controller> Drop for Streaming<C> {
    fn drop(&mut self) {
        if let Some(stream) = self.instance.observer.take() {
            stream.finish().expect("nowhere is never full");
        }
    }
}

/// Where controllers are tried.
struct Bench {
    closed_loop: ClosedLoop,
    linear: Linearisation,
    starts: Starts,
    workshop: Workshop,
    fault: Option<Fault>,
}

impl Bench {
    fn new(fault: Option<Fault>) -> Result<Self> {
        let mut experiment = Experiment::default();
        experiment.simulation.duration = STEPS as f64 * experiment.simulation.control_period;
        let closed_loop = experiment.closed_loop()?;
        let linear = closed_loop.model().linearise(&State::UPRIGHT, 0.0);
        let (radius, seed) = STARTS;
        let workshop = Workshop::new()?;
        Ok(Self { closed_loop, linear, starts: Starts::new(radius, seed)?, workshop, fault })
    }

    fn subject(&self, kind: Kind, way: Way) -> Result<Subject> {
        let (linear, u_max) = (&self.linear, self.closed_loop.u_max());
        let name = format!("{kind}/{}", way.name());
        let factory = || {
            assert!(black_box(ControllerSpec::from_gains(kind, &[])).is_err(), "no gains");
            ControllerSpec::shipped(kind).build(linear, u_max)
        };
        match (way, kind) {
            (Way::Tuning, _) => self.tune(name, kind, &factory()?),
            (Way::Batch, _) => self.fly(name, kind, &factory()?),
            (Way::Direct, Kind::Classical) => {
                self.plant(name, way, || ClassicalSpec::default().build(linear, u_max))
            }
            (Way::Direct, Kind::SuperTwisting) => {
                self.plant(name, way, || SuperTwistingSpec::default().build(linear, u_max))
            }
            (Way::Direct, Kind::Adaptive) => {
                self.plant(name, way, || AdaptiveSpec::default().build(linear, u_max))
            }
            (Way::Direct, Kind::Hybrid) => {
                self.plant(name, way, || HybridSpec::default().build(linear, u_max))
            }
            (Way::Direct, Kind::Integral) => {
                self.plant(name, way, || IntegralSpec::default().build(linear, u_max))
            }
            (Way::Direct, Kind::ConditionalHybrid) => {
                self.plant(name, way, || ConditionalHybridSpec::default().build(linear, u_max))
            }
            (Way::Direct, Kind::Lqr) => {
                self.plant(name, way, || LqrSpec::default().build(linear, u_max))
            }
            (Way::Direct, Kind::LqrIntegral) => {
                self.plant(name, way, || LqrIntegralSpec::default().build(linear, u_max))
            }
            _ => self.plant(name, way, factory),
        }
    }

    /// Plants the fault, if there is one to be planted.
    fn plant<C: Controller>(
        &self,
        name: String,
        way: Way,
        build: impl Fn() -> Result<C, DesignError>,
    ) -> Result<Subject> {
        build().with_context(|| format!("{name}: the shipped gains do not build"))?;
        let build = || build().expect("the same gains have just been built");
        match self.fault {
            None => self.populate(name, way, build),
            Some(fault) => self.populate(name, way, || Faulty::new(build(), fault)),
        }
    }

    fn populate<C: Controller>(
        &self,
        name: String,
        way: Way,
        build: impl Fn() -> C,
    ) -> Result<Subject> {
        let closed_loop = &self.closed_loop;
        match way {
            Way::Direct | Way::Factory => self.measure(
                name,
                way,
                1,
                || Loose::new(build(), ()),
                |instance, _, start| instance.work(closed_loop, start),
            ),
            Way::Pool => {
                let reset: fn(&mut Instance<C>) = Instance::reset;
                let things = || (0..POOL).map(|_| Instance::new(build()));
                self.measure(
                    name,
                    way,
                    POOL,
                    || Pool::new(things(), reset),
                    |pool, _, start| {
                        serve(&mut pool.try_take().expect("one at a time"), closed_loop, start);
                    },
                )
            }
            Way::Bound => {
                let plant: Arc<Plant> = Arc::new(*closed_loop.model());
                let subject = self.measure(
                    name,
                    way,
                    1,
                    || Instance::new(build()).bound_to(&plant),
                    |instance, _, start| serve(instance, closed_loop, start),
                );
                assert_eq!((Arc::strong_count(&plant), Arc::weak_count(&plant)), (1, 0));
                subject
            }
            Way::KeptAlive => self.measure(
                name,
                way,
                INSTANCES,
                || -> Vec<_> {
                    let make = || Box::new(Instance::new(build()).with_history(HISTORY));
                    (0..INSTANCES).map(|_| make()).collect()
                },
                |all, index, start| serve(&mut all[index], closed_loop, start),
            ),
            Way::Streamed => self.measure(
                name,
                way,
                1,
                || {
                    let law = build();
                    let names = law.initial_memory().names();
                    let stream = StreamedTrajectory::new(io::sink(), names, QUEUE);
                    Streaming { instance: Loose::new(law, Some(stream)) }
                },
                |streaming, _, start| streaming.instance.work(closed_loop, start),
            ),
            Way::Batch | Way::Tuning => unreachable!("they build their laws themselves"),
        }
    }

    /// Constructs, uses and drops populations of `alive` instances.
    fn measure<T>(
        &self,
        name: String,
        way: Way,
        alive: u64,
        construct: impl Fn() -> T,
        work: impl Fn(&mut T, usize, State),
    ) -> Result<Subject> {
        let repetitions = INSTANCES / alive;
        // What is rightly allocated once gets a chance, unless all instances are alive at once. What
        // another thread gives back is not this one's to count.
        let scope = if way == Way::Streamed { Scope::Process } else { Scope::Thread };
        let warm_up = repetitions / 100;
        let gate = Growth { repetitions, warm_up, scope, ..Growth::default() };
        let meter = ThreadMeter::new()?;
        let mut account = Account::default();

        let use_all =
            |population: &mut T, repetition: u64, each: &mut dyn FnMut(&mut dyn FnMut())| {
                for i in 0..alive {
                    let start = self.starts.get(repetition * alive + i);
                    let index = usize::try_from(i).expect("few are alive");
                    each(&mut || work(population, index, start));
                }
            };
        let report = growth(&gate, |repetition| {
            let empty = meter.read();
            let mut population = construct();
            account.constructed(alive, meter.read().since(&empty));
            use_all(&mut population, repetition, &mut |work| {
                account.worked(no_alloc(work).err());
            });
            account.heap_bytes = meter.read().since(&empty).live_bytes / alive.cast_signed();
        })?;
        account.bytes_left = report.change.live_bytes;

        if account.touched.is_some() {
            let mut population = construct();
            let attribution = Attribution::start()?;
            use_all(&mut population, 0, &mut |work| work());
            account.name_sites(&attribution.survivors());
        }
        if account.bytes_left > 0 {
            let attribution = Attribution::start()?;
            for repetition in 0..AGAIN.min(repetitions) {
                let mut population = construct();
                use_all(&mut population, repetition, &mut |work| work());
            }
            account.name_sites(&attribution.survivors());
        }
        // A population of several is a container; each of its instances is on the heap.
        let value_bytes = if alive == 1 { size_of::<T>().cast_signed() as i64 } else { 0 };
        Ok(account.conclude(name, way, value_bytes))
    }

    /// Whole tuning runs. A fault cannot be planted into what they build; it is planted beside each
    /// generation, into a run as long as those of the candidates.
    fn tune(&self, name: String, kind: Kind, law: &AnyController) -> Result<Subject> {
        let (law, fault, start) = (*law, self.fault, self.starts.get(0));
        bulk(name, Way::Tuning, |experiment, share| {
            let closed_loop = experiment.closed_loop()?;
            let plan = Plan { evaluations: TUNING.evaluations.div_ceil(share), ..TUNING };
            let (evaluations, change) = self.workshop.tune(experiment, kind, plan, move || {
                if let Some(fault) = fault {
                    Loose::new(Faulty::new(law, fault), ()).work(&closed_loop, start);
                }
            })?;
            Ok((evaluations, change))
        })
    }

    /// Whole batches. A fault is planted beside each run, into one as long.
    fn fly(&self, name: String, kind: Kind, law: &AnyController) -> Result<Subject> {
        let (law, fault, start) = (*law, self.fault, self.starts.get(0));
        bulk(name, Way::Batch, |experiment, share| {
            let closed_loop = experiment.closed_loop()?;
            let build = || {
                if let Some(fault) = fault {
                    Loose::new(Faulty::new(law, fault), ()).work(&closed_loop, start);
                }
                let built =
                    ControllerSpec::shipped(kind).build(&self.linear, self.closed_loop.u_max());
                built.expect("the same gains have just been built")
            };
            let runs = BATCH / share;
            Ok((runs, self.workshop.fly(&closed_loop, kind, runs, &self.starts, &build)))
        })
    }
}

/// What `run` does in bulk, with runs of an experiment that take 20 steps and 40: it is told of
/// how much it is to do one part, and tells how many instances that took, and what it did to the heap.
fn bulk(
    name: String,
    way: Way,
    run: impl Fn(&Experiment, u64) -> Result<(u64, CounterChange)>,
) -> Result<Subject> {
    let run = |steps: u64, share| {
        let mut experiment = Experiment::default();
        experiment.tuning.trials = vec![Trial { runs: 1, ..Trial::default() }];
        experiment.tuning.verification = 1;
        experiment.settling.hold = 0.0;
        // Nothing settles, and all runs are so many bands from rest that all candidates cost the same to the
        // bit: those of short runs and of long ones are the same, too.
        experiment.settling.theta = f64::MIN_POSITIVE;
        experiment.simulation.duration = steps as f64 * experiment.simulation.control_period;
        run(&experiment, share)
    };
    let [short, long] = BULK_STEPS;
    // What is rightly allocated once gets a chance.
    run(short, 50)?;
    let [(short_runs, short_change), (long_runs, long_change)] = [run(short, 1)?, run(long, 1)?];

    let mut account = Account {
        instances: short_runs + long_runs,
        steps: short_runs * short + long_runs * long,
        bytes_left: short_change.live_bytes + long_change.live_bytes,
        allocations_by_constructions: allocations(&short_change) + allocations(&long_change),
        ..Account::default()
    };
    let [short_count, long_count] = [short_change, long_change].map(|c| allocations(&c));
    if short_count != long_count {
        account.allocations_by_steps = long_count.abs_diff(short_count);
        account.faults.push(format!(
            "{short_count} allocations with {short} steps a run, {long_count} with {long}"
        ));
    }
    if account.bytes_left > 0 {
        let attribution = Attribution::start()?;
        run(short, 1)?;
        account.name_sites(&attribution.survivors());
    }
    let value_bytes = size_of::<AnyController>() + size_of::<AnyMemory>();
    Ok(account.conclude(name, way, value_bytes.cast_signed() as i64))
}

/// What instances did to the heap while they lived.
#[derive(Debug, Default)]
struct Account {
    instances: u64,
    steps: u64,
    bytes_left: i64,
    /// Live heap bytes of an instance at the end of its use, in the mean of the last population.
    heap_bytes: i64,
    allocations_by_constructions: u64,
    allocations_by_steps: u64,
    /// The first instance that touched the heap in a step.
    touched: Option<GateError>,
    faults: Vec<String>,
    /// Functions that allocated what should not be there.
    sites: Vec<String>,
}

impl Account {
    fn constructed(&mut self, instances: u64, change: CounterChange) {
        self.instances += instances;
        self.steps += instances * STEPS;
        self.allocations_by_constructions += allocations(&change);
    }

    fn worked(&mut self, touched: Option<GateError>) {
        if let Some(GateError::HeapTouched(change)) = &touched {
            self.allocations_by_steps += allocations(change);
        }
        self.touched = self.touched.or(touched);
    }

    fn name_sites(&mut self, survivors: &Survivors) {
        for site in survivors.sites.iter().take(SITES_SHOWN) {
            let location = site.location.as_deref().unwrap_or("no line known");
            let (bytes, blocks) = (site.bytes, site.blocks);
            let text =
                format!("{bytes} bytes in {blocks} blocks by {} ({location})", site.function);
            self.sites.push(text);
        }
    }

    fn conclude(mut self, name: String, way: Way, value_bytes: i64) -> Subject {
        let bytes_per_instance = value_bytes + self.heap_bytes;
        let mut faults = std::mem::take(&mut self.faults);
        if self.bytes_left > 0 {
            let Self { bytes_left, instances, .. } = self;
            faults.push(format!("{bytes_left} bytes left by {instances} instances"));
        }
        if let Some(error) = self.touched {
            faults.push(format!("in the {STEPS} steps of an instance {error}"));
        }
        if bytes_per_instance > FOOTPRINT_MAX && !way.records() {
            faults
                .push(format!("{bytes_per_instance} bytes an instance, more than {FOOTPRINT_MAX}"));
        }
        if !faults.is_empty() {
            faults.extend(self.sites);
        }
        let instances = self.instances as f64;
        Subject {
            bytes_per_instance,
            value_bytes,
            heap_bytes: self.heap_bytes,
            allocations_per_construction: self.allocations_by_constructions as f64 / instances,
            allocations_per_step: self.allocations_by_steps as f64 / self.steps as f64,
            bytes_left: self.bytes_left,
            bytes_left_per_1000: self.bytes_left as f64 * 1000.0 / instances,
            instances: self.instances,
            steps: self.steps,
            faults: faults.into_iter().map(|fault| format!("{name}: {fault}")).collect(),
            name,
        }
    }
}

/// Blocks obtained or resized.
fn allocations(change: &CounterChange) -> u64 {
    change.allocations + change.reallocations
}
