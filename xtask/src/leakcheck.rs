//! `cargo xtask leakcheck`: controllers are constructed, used and dropped, and must leave nothing.
//!
//! Every law is tried as its own type, from the factory by name, and as one of a thousand that live
//! side by side, each with a bounded history. The counts are exact, hence the limits are zero: bytes
//! left by all instances together, and allocations in any control step.
//!
//! Validated by `tests/leakcheck.rs`: three planted faults have to be caught for every subject.

use anyhow::{Context, Result};
use clap::Args;
use dip_dynamics::{Linearisation, State};
use memcheck::{CounterChange, GateError, Growth, ThreadMeter, growth, no_alloc};
use serde::Serialize;
use sim_runner::{ClosedLoop, Experiment, History, Observer, Scenario, Starts, World};
use smc_controllers::{
    AdaptiveSpec, ClassicalSpec, ConditionalHybridSpec, Controller, ControllerSpec, DesignError,
    HybridSpec, IntegralSpec, Kind, LqrIntegralSpec, LqrSpec, SuperTwistingSpec,
};

use crate::fault::{Fault, Faulty};
use crate::report::{conclude, print, print_json, table};

/// Instances of each subject.
const INSTANCES: u64 = 1000;

/// Control steps for which each instance is used.
const STEPS: u64 = 500;

/// Instants that the history of an instance that is kept alive can hold.
const HISTORY_CAPACITY: usize = 100;

/// Half width of the box of initial angles in rad, and the seed of the starts.
const STARTS: (f64, u64) = (0.1, 1);

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print one JSON document on stdout, and nothing else there
    #[arg(long)]
    json: bool,
    /// Plant a fault in every instance, which has to be found
    #[arg(long, value_name = "FAULT", hide = true)]
    plant: Option<Fault>,
}

/// What a thousand instances of one subject did to the heap.
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
    bytes_left_per_1000: i64,
    instances: u64,
    steps_per_instance: u64,
    /// What broke a limit.
    faults: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Content<'a> {
    subjects: &'a [Subject],
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let bench = Bench::new(arguments.plant)?;
    let subjects: Vec<Subject> = Kind::ALL
        .into_iter()
        .flat_map(|kind| Way::ALL.map(|way| bench.subject(kind, way)))
        .collect::<Result<_>>()?;
    let faults: Vec<String> = subjects.iter().flat_map(|subject| subject.faults.clone()).collect();
    if arguments.json {
        print_json(faults.is_empty(), Content { subjects: &subjects })?;
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
    conclude("leakcheck", "0 bytes left, 0 allocations in the steps", &faults)
}

impl Subject {
    fn row(&self) -> [String; 5] {
        [
            self.name.clone(),
            self.bytes_per_instance.to_string(),
            self.allocations_per_construction.to_string(),
            self.allocations_per_step.to_string(),
            self.bytes_left_per_1000.to_string(),
        ]
    }
}

/// A controller and what its run remembers; somebody may watch it.
struct Instance<C: Controller, O> {
    controller: C,
    memory: C::Memory,
    observer: O,
}

impl<C: Controller, O: Observer> Instance<C, O> {
    fn new(controller: C, observer: O) -> Self {
        let memory = controller.initial_memory();
        Self { controller, memory, observer }
    }

    /// Runs the closed loop to its horizon, whatever becomes of the pendulum.
    fn work(&mut self, closed_loop: &ClosedLoop, start: State) -> State {
        let Self { controller, memory, observer } = self;
        let mut world = World::new(closed_loop);
        world.begin(&Scenario::new(start, *closed_loop.model(), 0));
        for _ in 0..closed_loop.periods() {
            world.period(controller, memory, observer);
        }
        *world.state()
    }
}

/// How an instance comes and goes.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// As the law's own type, one after the other.
    Direct,
    /// From the factory by name, one after the other.
    Factory,
    /// From the factory, boxed with a history, all alive at once before any is dropped.
    KeptAlive,
}

impl Way {
    const ALL: [Self; 3] = [Self::Direct, Self::Factory, Self::KeptAlive];

    const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Factory => "factory",
            Self::KeptAlive => "kept_alive",
        }
    }
}

/// Where controllers are tried.
struct Bench {
    closed_loop: ClosedLoop,
    linear: Linearisation,
    starts: Starts,
    fault: Option<Fault>,
}

impl Bench {
    fn new(fault: Option<Fault>) -> Result<Self> {
        let mut experiment = Experiment::default();
        experiment.simulation.duration = STEPS as f64 * experiment.simulation.control_period;
        let closed_loop = experiment.closed_loop()?;
        let linear = closed_loop.model().linearise(&State::UPRIGHT, 0.0);
        let (radius, seed) = STARTS;
        Ok(Self { closed_loop, linear, starts: Starts::new(radius, seed)?, fault })
    }

    fn subject(&self, kind: Kind, way: Way) -> Result<Subject> {
        let (linear, u_max) = (&self.linear, self.closed_loop.u_max());
        let name = format!("{kind}/{}", way.name());
        match (way, kind) {
            (Way::Factory | Way::KeptAlive, _) => {
                self.plant(name, way, || ControllerSpec::shipped(kind).build(linear, u_max))
            }
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
        match way {
            Way::Direct | Way::Factory => {
                let construct = || Instance::new(build(), ());
                self.measure(name, 1, construct, |instance, start| {
                    instance.work(&self.closed_loop, start)
                })
            }
            Way::KeptAlive => {
                let history = || History::new(self.closed_loop.periods() + 1, HISTORY_CAPACITY);
                let construct = || Box::new(Instance::new(build(), history()));
                self.measure(name, INSTANCES, construct, |instance, start| {
                    instance.work(&self.closed_loop, start)
                })
            }
        }
    }

    /// Constructs, uses and drops instances, `alive` of them at a time.
    fn measure<T>(
        &self,
        name: String,
        alive: u64,
        construct: impl Fn() -> T,
        work: impl Fn(&mut T, State) -> State,
    ) -> Result<Subject> {
        let repetitions = INSTANCES / alive;
        // What is rightly allocated once gets a chance, unless all instances are alive at once.
        let gate = Growth { repetitions, warm_up: repetitions / 100, ..Growth::default() };
        let meter = ThreadMeter::new()?;
        let mut population = Vec::with_capacity(usize::try_from(alive)?);
        let mut account = Account::default();

        let report = growth(&gate, |repetition| {
            let empty = meter.read();
            population.extend((0..alive).map(|_| construct()));
            account.constructed(alive, meter.read().since(&empty));
            for (instance, index) in population.iter_mut().zip(repetition * alive..) {
                let start = self.starts.get(index);
                account.worked(no_alloc(|| work(instance, start)).err());
            }
            account.heap_bytes = meter.read().since(&empty).live_bytes / alive.cast_signed();
            population.clear();
        })?;
        Ok(account.conclude(name, size_of::<T>().cast_signed() as i64, report.change.live_bytes))
    }
}

/// What instances did to the heap while they lived.
#[derive(Debug, Default)]
struct Account {
    instances: u64,
    /// Live heap bytes of an instance at the end of its use, in the mean of the last population.
    heap_bytes: i64,
    allocations_by_constructions: u64,
    allocations_by_steps: u64,
    /// The first instance that touched the heap in a step.
    touched: Option<GateError>,
}

impl Account {
    fn constructed(&mut self, instances: u64, change: CounterChange) {
        self.instances += instances;
        self.allocations_by_constructions += allocations(&change);
    }

    fn worked(&mut self, touched: Option<GateError>) {
        if let Some(GateError::HeapTouched(change)) = &touched {
            self.allocations_by_steps += allocations(change);
        }
        self.touched = self.touched.or(touched);
    }

    fn conclude(self, name: String, value_bytes: i64, bytes_left: i64) -> Subject {
        let mut faults = Vec::new();
        if bytes_left > 0 {
            faults.push(format!("{name}: {bytes_left} bytes left by {INSTANCES} instances"));
        }
        if let Some(error) = self.touched {
            faults.push(format!("{name}: in the {STEPS} steps of an instance {error}"));
        }
        let instances = self.instances as f64;
        Subject {
            name,
            bytes_per_instance: value_bytes + self.heap_bytes,
            value_bytes,
            heap_bytes: self.heap_bytes,
            allocations_per_construction: self.allocations_by_constructions as f64 / instances,
            allocations_per_step: self.allocations_by_steps as f64 / (instances * STEPS as f64),
            bytes_left_per_1000: bytes_left,
            instances: INSTANCES,
            steps_per_instance: STEPS,
            faults,
        }
    }
}

/// Blocks obtained or resized.
fn allocations(change: &CounterChange) -> u64 {
    change.allocations + change.reallocations
}
