//! The closed loop: what is held, limited and counted, how runs end, and that nothing of it depends
//! on who watches or on how many threads.

use std::cell::Cell;
use std::num::NonZeroU64;

use dip_dynamics::{Integrator, Plant, State};
use sim_runner::{
    Actuator, AfterFall, ClosedLoop, Experiment, History, Instant, Kept, MetricsRecorder, Observer,
    Outcome, Run, Scenario, Settling, Simulation, Starts, Uncontrolled, World, compare,
};
use smc_controllers::{Command, Controller, EquivalentControl, Kind, SHOWN, Sample};

fn experiment(simulation: Simulation) -> Experiment {
    Experiment { simulation, ..Experiment::default() }
}

fn closed_loop(simulation: Simulation) -> ClosedLoop {
    experiment(simulation).closed_loop().unwrap()
}

/// A run of the default plant.
fn from(start: State) -> Scenario {
    Scenario::new(start, Experiment::default().plant().unwrap(), 1)
}

/// Everything that an observer is shown.
#[derive(Default)]
struct Seen(Vec<(f64, State, Command)>);

impl Observer for Seen {
    fn observe(&mut self, &Instant { t, state, command, .. }: &Instant<'_>) {
        self.0.push((t, *state, *command));
    }
}

/// A feedback of our own, so that nothing here hangs on the laws. It remembers how often it was
/// asked, and checks what it is told.
struct Probe {
    period: f64,
    gain: f64,
    calls: Cell<u64>,
}

impl Probe {
    fn new(period: f64, gain: f64) -> Self {
        Self { period, gain, calls: Cell::new(0) }
    }
}

impl Controller for Probe {
    type Memory = [f64; 1];

    fn initial_memory(&self) -> [f64; 1] {
        [0.0]
    }

    fn law(&self, [calls]: &mut [f64; 1], sample: &Sample<'_>) -> Command {
        assert_eq!(*calls, self.calls.get() as f64, "the memory is this run's");
        *calls += 1.0;
        self.calls.set(self.calls.get() + 1);
        assert_eq!(sample.dt, self.period);
        let plant = Experiment::default().plant().unwrap();
        assert_eq!(sample.model, Some(&plant.evaluate(sample.state)), "the model is at this state");
        let u = self.gain * (sample.state.theta1 - 0.5 * sample.state.theta2);
        Command {
            u,
            u_eq: 0.0,
            u_sw: u,
            sigma: None,
            equivalent: EquivalentControl::None,
            guarded: false,
            fault: false,
        }
    }
}

// ---- Sampling -----------------------------------------------------------------------------------

#[test]
fn the_force_is_held_between_samples() {
    let (step, substeps, periods) = (1e-3, 4_u32, 50_u32);
    for integrator in [Integrator::Rk4, Integrator::SemiImplicitEuler] {
        let period = 4e-3;
        let closed_loop =
            closed_loop(Simulation { duration: 0.2, control_period: period, step, integrator });
        assert_eq!((closed_loop.period(), closed_loop.periods()), (period, 50));
        let start = State { theta1: 0.02, theta2: -0.01, ..State::UPRIGHT };
        let mut seen = Seen::default();
        let run = closed_loop.run(&Probe::new(period, 40.0), &from(start), &mut seen);

        let plant: &Plant = closed_loop.model();
        let mut state = start;
        for k in 0..periods {
            let u = 40.0 * (state.theta1 - 0.5 * state.theta2);
            let (t, shown, command) = seen.0[k as usize];
            assert_eq!((t, shown, command.u), (f64::from(k) * period, state, u));
            for _ in 0..substeps {
                let here = plant.evaluate(&state);
                state = integrator.step(plant, &state, &here, u, None, step);
            }
        }
        assert_eq!(run.final_state, state, "{integrator:?}");
        assert_eq!(seen.0.len(), 51);
    }
}

#[test]
fn the_actuator_limits_a_controller_that_asks_for_too_much() {
    let closed_loop = Experiment {
        actuator: Actuator { u_max: 3.0, ..Actuator::default() },
        simulation: Simulation { duration: 0.05, ..Simulation::default() },
        ..Experiment::default()
    }
    .closed_loop()
    .unwrap();
    assert_eq!(closed_loop.u_max(), 3.0);
    for (theta1, u) in [(0.05, 3.0), (-0.05, -3.0)] {
        let start = State { theta1, ..State::UPRIGHT };
        let mut seen = Seen::default();
        closed_loop.run(&Probe::new(1e-3, 1e9), &from(start), &mut seen);
        assert_eq!(seen.0[0].2.u, u, "it is shown what is applied");
        assert_eq!(seen.0[0].2.u_sw, 1e9 * theta1, "and what was asked for");
        let plant = closed_loop.model();
        let here = plant.evaluate(&start);
        let expected = Integrator::Rk4.step(plant, &start, &here, u, None, 1e-3);
        assert_eq!(seen.0[1].1, expected, "and that the plant feels no more");
    }
}

#[test]
fn the_controller_is_asked_at_every_instant_the_last_included() {
    for (duration, periods) in [(0.001, 1), (0.1, 100), (0.5, 500)] {
        let closed_loop = closed_loop(Simulation { duration, ..Simulation::default() });
        let probe = Probe::new(1e-3, 0.0);
        let mut seen = Seen::default();
        let run = closed_loop.run(&probe, &from(State::UPRIGHT), &mut seen);
        assert_eq!(closed_loop.periods(), periods);
        assert_eq!(probe.calls.get(), periods + 1);
        assert_eq!(seen.0.len() as u64, periods + 1);
        let (t, state, _) = *seen.0.last().unwrap();
        assert_eq!((t, state), (run.time, run.final_state));
    }
}

#[test]
fn a_run_can_be_had_period_by_period() {
    let closed_loop = closed_loop(Simulation { duration: 0.02, ..Simulation::default() });
    let start = State { theta1: 0.02, ..State::UPRIGHT };
    let probe = Probe::new(1e-3, 40.0);
    let mut memory = probe.initial_memory();
    let mut world = World::new(&closed_loop);
    world.begin(&from(start));
    for k in 0..20 {
        assert_eq!(world.time(), f64::from(k) * 1e-3);
        world.period(&probe, &mut memory, &mut ());
    }
    let run = closed_loop.run(&Probe::new(1e-3, 40.0), &from(start), &mut ());
    assert_eq!(&run.final_state, world.state());
}

#[test]
fn time_is_multiplied_and_not_accumulated() {
    let closed_loop = closed_loop(Simulation { duration: 10.0, ..Simulation::default() });
    let mut seen = Seen::default();
    let run = closed_loop.run(&Uncontrolled, &from(State::UPRIGHT), &mut seen);
    let mut accumulated = 0.0;
    let mut off = 0;
    for (k, &(t, ..)) in seen.0.iter().enumerate() {
        assert_eq!(t, k as f64 * 1e-3);
        off += usize::from(t != accumulated);
        accumulated += 1e-3;
    }
    assert!(off > 1000, "this test would not see it: {off}");
    assert_eq!((run.time, closed_loop.horizon()), (10.0, 10.0));
}

// ---- Outcomes -----------------------------------------------------------------------------------

#[test]
fn every_shipped_law_settles_from_the_shipped_start() {
    let experiment = Experiment::default();
    let closed_loop = experiment.closed_loop().unwrap();
    for kind in Kind::ALL {
        let law = experiment.controller(kind).unwrap();
        let mut metrics = MetricsRecorder::new(&closed_loop);
        let run = closed_loop.run(&law, &from(experiment.start), &mut metrics);
        assert_eq!(run.outcome, Outcome::Settled, "{kind}: {run:?}");
        assert_eq!(run.time, 10.0);
        assert!(closed_loop.settling().contains(&run.final_state));
        assert!(metrics.metrics(Outcome::Settled).settling_time.unwrap() < 10.0, "{kind}");
    }
}

#[test]
fn runs_end_as_documented() {
    let settling = Settling::default();
    let within = State { theta1: 1e-9, theta2: -1e-9, ..State::UPRIGHT };
    for (what, duration, start, outcome, time) in [
        ("upright stays there", 0.5, State::UPRIGHT, Outcome::Settled, 0.5),
        ("too short to leave the bands", 0.1, within, Outcome::Settled, 0.1),
        (
            "an angle is out of its band",
            0.01,
            State { theta2: -0.02, ..State::UPRIGHT },
            Outcome::NotSettled,
            0.01,
        ),
        (
            "the cart is out of its band",
            0.01,
            State { x: 0.06, ..State::UPRIGHT },
            Outcome::NotSettled,
            0.01,
        ),
        (
            "fallen from the start",
            1.0,
            State { theta1: -1.6, ..State::UPRIGHT },
            Outcome::Fallen,
            0.0,
        ),
        (
            "fallen at the very horizon",
            0.001,
            State { theta2: settling.fall_angle - 1e-3, theta2_dot: 5.0, ..State::UPRIGHT },
            Outcome::Fallen,
            0.001,
        ),
        (
            "a spin that no step of a millisecond can follow",
            1.0,
            State { theta1_dot: 1e6, ..State::UPRIGHT },
            Outcome::Diverged,
            0.001,
        ),
        (
            "farther than a pendulum goes",
            1.0,
            State { x: 999_999.9, x_dot: 1000.0, ..State::UPRIGHT },
            Outcome::Diverged,
            0.001,
        ),
    ] {
        let run = closed_loop(Simulation { duration, ..Simulation::default() }).run(
            &Uncontrolled,
            &from(start),
            &mut (),
        );
        assert_eq!((run.outcome, run.time), (outcome, time), "{what}: {run:?}");
        if outcome == Outcome::Diverged {
            assert_eq!(run.final_state, start, "the last one within bounds: {what}");
        }
    }
}

/// A law that answers what is no number.
struct Nonsense;

impl Controller for Nonsense {
    type Memory = ();

    fn initial_memory(&self) {}

    fn law(&self, (): &mut (), _: &Sample<'_>) -> Command {
        Command::feedback(f64::NAN, f64::NAN)
    }
}

#[test]
fn a_force_that_is_not_a_number_is_no_force_and_marked() {
    let closed_loop = closed_loop(Simulation::default());
    let start = Experiment::default().start;
    let (mut nonsense, mut nothing) = (Seen::default(), Seen::default());
    let run = closed_loop.run(&Nonsense, &from(start), &mut nonsense);
    assert_eq!(run, closed_loop.run(&Uncontrolled, &from(start), &mut nothing));
    assert_eq!(run.outcome, Outcome::Fallen);
    assert!(nonsense.0.iter().all(|(_, _, command)| command.fault && command.u == 0.0));
    assert!(nothing.0.iter().all(|(_, _, command)| !command.fault));
}

#[test]
fn a_fall_has_a_time_and_ends_the_run_unless_told_otherwise() {
    let closed_loop = closed_loop(Simulation { duration: 5.0, ..Simulation::default() });
    let start = Experiment::default().start;
    let (mut short, mut long) = (Seen::default(), Seen::default());
    let stopped = closed_loop.run(&Uncontrolled, &from(start), &mut short);
    let continued = closed_loop.clone().with_after_fall(AfterFall::Continue).run(
        &Uncontrolled,
        &from(start),
        &mut long,
    );

    let leans = |state: &State| state.theta1.abs().max(state.theta2.abs());
    let (t, state, _) = *short.0.last().unwrap();
    assert_eq!(stopped, Run { outcome: Outcome::Fallen, time: t, final_state: state });
    assert!(leans(&state) > closed_loop.settling().fall_angle);
    assert!(leans(&short.0[short.0.len() - 2].1) <= closed_loop.settling().fall_angle);
    // A pendulum of this size doubles its lean about every 0.1 s: from 0.05 to 1.6 in under 1 s.
    assert!(stopped.time > 0.2 && stopped.time < 1.0, "{stopped:?}");

    assert_eq!((continued.outcome, continued.time), (Outcome::Fallen, stopped.time));
    assert_eq!(long.0.len(), 5001);
    assert_eq!(long.0[..short.0.len()], short.0, "the same until the fall");
    assert_eq!(continued.final_state, long.0.last().unwrap().1);
}

#[test]
fn an_outcome_has_one_name() {
    use Outcome::{Diverged, Fallen, NotSettled, OffTrack, Settled};
    for outcome in [Settled, NotSettled, Fallen, OffTrack, Diverged] {
        assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.name());
    }
}

// ---- Observers ----------------------------------------------------------------------------------

#[test]
fn observers_compose_and_change_nothing() {
    let experiment = experiment(Simulation { duration: 0.3, ..Simulation::default() });
    let closed_loop = experiment.closed_loop().unwrap();
    let law = experiment.controller(Kind::Hybrid).unwrap();
    let alone = |observer: &mut dyn Observer| {
        let mut observer = observer;
        closed_loop.run(&law, &from(experiment.start), &mut observer)
    };
    let (mut seen, mut metrics) = (Seen::default(), MetricsRecorder::new(&closed_loop));
    let mut history = History::new(closed_loop.periods() + 1, 16);
    let runs = [alone(&mut ()), alone(&mut seen), alone(&mut metrics), alone(&mut history)];

    let mut together = (
        (Seen::default(), Some(MetricsRecorder::new(&closed_loop))),
        (History::new(closed_loop.periods() + 1, 16), None::<Seen>),
    );
    let run = closed_loop.run(&law, &from(experiment.start), &mut together);
    assert!(runs.iter().all(|&other| other == run));
    let ((seen_too, metrics_too), (history_too, nobody)) = together;
    assert_eq!(seen_too.0, seen.0);
    assert_eq!(metrics_too.unwrap().metrics(run.outcome), metrics.metrics(run.outcome));
    assert_eq!(history_too.kept(), history.kept());
    assert!(nobody.is_none());
}

#[test]
fn a_history_is_bounded_and_even() {
    let closed_loop = closed_loop(Simulation { duration: 0.1, ..Simulation::default() });
    let mut seen = Seen::default();
    closed_loop.run(&Uncontrolled, &from(Experiment::default().start), &mut seen);
    for (capacity, stride) in [(1, 101), (2, 51), (10, 11), (50, 3), (100, 2), (101, 1), (500, 1)] {
        let mut history = History::new(closed_loop.periods() + 1, capacity);
        closed_loop.run(&Uncontrolled, &from(Experiment::default().start), &mut history);
        let expected: Vec<Kept> = seen
            .0
            .iter()
            .step_by(stride)
            .map(|&(t, state, command)| Kept {
                t,
                state,
                u: command.u,
                sigma: command.sigma,
                remembered: [0.0; SHOWN],
            })
            .collect();
        assert_eq!(history.kept(), expected, "{capacity}");
        assert!(history.kept().len() <= capacity);
    }
    // Only the beginning: of the first 11 instants every third.
    let mut beginning = History::new(11, 4);
    closed_loop.run(&Uncontrolled, &from(Experiment::default().start), &mut beginning);
    let times: Vec<f64> = beginning.kept().iter().map(|kept| kept.t).collect();
    assert_eq!(times, [0, 3, 6, 9].map(|k: usize| seen.0[k].0));
}

#[test]
#[should_panic(expected = "a history that keeps nothing has no use")]
fn a_history_of_nothing_panics() {
    let _ = History::new(1, 0);
}

#[test]
fn a_start_out_of_bounds_is_never_shown() {
    let closed_loop = closed_loop(Simulation::default());
    for x in [2e6, f64::NAN, f64::INFINITY] {
        let mut seen = Seen::default();
        let start = State { x, ..State::UPRIGHT };
        let run = closed_loop.run(&Uncontrolled, &from(start), &mut seen);
        assert_eq!((run.outcome, run.time), (Outcome::Diverged, 0.0));
        assert!(seen.0.is_empty());
    }
}

// ---- Determinism --------------------------------------------------------------------------------

#[test]
fn two_runs_have_the_same_bits() {
    let experiment = experiment(Simulation { duration: 0.5, ..Simulation::default() });
    let closed_loop = experiment.closed_loop().unwrap();
    for kind in Kind::ALL {
        let law = experiment.controller(kind).unwrap();
        let bits = || {
            let mut seen = Seen::default();
            closed_loop.run(&law, &from(experiment.start), &mut seen);
            let bits = |(t, state, command): &(f64, State, Command)| {
                let mut bits = state.to_array().map(f64::to_bits).to_vec();
                bits.extend([t, &command.u, &command.u_eq, &command.u_sw].map(|v| v.to_bits()));
                bits
            };
            seen.0.iter().flat_map(bits).collect::<Vec<_>>()
        };
        assert!(bits() == bits(), "{kind}");
    }
}

#[test]
fn a_start_is_the_same_whoever_draws_it() {
    let starts = Starts::new(0.3, 7).unwrap();
    let forward: Vec<State> = (0..100).map(|i| starts.get(i)).collect();
    let backward: Vec<State> = (0..100).rev().map(|i| starts.get(i)).collect();
    assert!(forward.iter().eq(backward.iter().rev()));
    for (i, start) in forward.iter().enumerate() {
        assert_eq!(*start, State { theta1: start.theta1, theta2: start.theta2, ..State::UPRIGHT });
        assert!(start.theta1.abs() <= 0.3 && start.theta2.abs() <= 0.3);
        assert!(forward[..i].iter().all(|other| other != start), "each is another");
    }
    let other_seed = Starts::new(0.3, 8).unwrap();
    assert!((0..100).all(|i| other_seed.get(i) != starts.get(i)));
    // Both sides of both angles are drawn: 100 draws on one side only would be a chance of 2⁻⁹⁹.
    for angle in [|s: &State| s.theta1, |s: &State| s.theta2] {
        assert!(forward.iter().any(|s| angle(s) < 0.0) && forward.iter().any(|s| angle(s) > 0.0));
    }
}

#[test]
fn a_box_without_width_is_refused() {
    for (radius, value) in
        [(0.0, "0"), (-0.1, "-0.1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf"), (3.2, "3.2")]
    {
        assert_eq!(
            Starts::new(radius, 1).unwrap_err().to_string(),
            format!("box = {value}: must be greater than 0 and at most pi rad")
        );
    }
}

#[test]
fn a_comparison_has_the_same_bits_on_any_number_of_threads() {
    let experiment = experiment(Simulation { duration: 1.0, ..Simulation::default() });
    // So wide that no gains can hold all of them.
    let starts = Starts::new(1.5, 42).unwrap();
    let on = |threads| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            let runs = NonZeroU64::new(40).unwrap();
            let mut shown = 0;
            let rows = compare(&experiment, &Kind::ALL, starts, runs, |_, _| shown += 1).unwrap();
            assert_eq!(shown, Kind::ALL.len() * 40, "each run is shown once");
            rows
        })
    };
    let one = on(1);
    let json = serde_json::to_string(&one).unwrap();
    for threads in [2, 8] {
        assert_eq!(serde_json::to_string(&on(threads)).unwrap(), json, "{threads} threads");
    }
    for (row, kind) in one.iter().zip(Kind::ALL) {
        assert_eq!((row.name, row.starts), (kind, 40));
        assert_eq!(row.settled + row.not_settled + row.fallen + row.diverged, 40);
        assert_eq!(row.success_rate, row.settled as f64 / 40.0);
        assert!(row.fallen > 0, "{row:?}");
    }
}

/// Each row of a comparison is what single runs say.
#[test]
fn a_comparison_counts_single_runs() {
    let experiment = experiment(Simulation { duration: 4.0, ..Simulation::default() });
    let closed_loop = experiment.closed_loop().unwrap();
    let starts = Starts::new(0.4, 3).unwrap();
    let law = experiment.controller(Kind::Lqr).unwrap();
    let mut efforts = Vec::new();
    let mut fallen = 0;
    for i in 0..15 {
        let mut recorder = MetricsRecorder::new(&closed_loop);
        match closed_loop.run(&law, &from(starts.get(i)), &mut recorder).outcome {
            Outcome::Settled => efforts.push(recorder.metrics(Outcome::Settled).control_effort),
            Outcome::Fallen => fallen += 1,
            _ => {}
        }
    }
    efforts.sort_by(f64::total_cmp);
    let median = efforts
        .get(efforts.len() / 2)
        .map(|&upper: &f64| upper.midpoint(efforts[(efforts.len() - 1) / 2]));
    let count = NonZeroU64::new(15).unwrap();
    let [row] = compare(&experiment, &[Kind::Lqr], starts, count, |_, _| ()).unwrap()[..] else {
        panic!("one law, one row")
    };
    assert_eq!((row.settled, row.fallen), (efforts.len() as u64, fallen));
    assert_eq!(row.control_effort_median, median);
}
