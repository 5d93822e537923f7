//! Runs in lanes, each with a life of its own.
//!
//! A lane flies a scenario until it falls, leaves the track, diverges or reaches the horizon; then it
//! takes the next, while the others go on. What one lane does changes no bit of another. A single run
//! is a flight of one lane.
//!
//! Validated by `tests/batch.rs`: the same bits in every lane of every instruction set.

use std::iter;

use dip_dynamics::{LaneMask, Lanes, Mask, Real, Splat, State, each};
use smc_controllers::{Controller, Memory};

use crate::closed_loop::DIVERGED;
use crate::observer::Observer;
use crate::outcome::{AfterFall, Outcome, Run};
use crate::scenario::Scenario;
use crate::world::World;

/// Those who know what to fly next, and are told how it ended.
pub(crate) trait Crew<R: Lanes, C: Controller<R>, O> {
    /// The next scenario for a lane, whose gains may be put into the controller; none if there is no
    /// more.
    fn board(&mut self, lane: usize, controller: &mut C) -> Option<Scenario>;

    /// The end of a run. The observer has seen its last instant.
    fn land(&mut self, lane: usize, run: &Run, observer: &O);
}

/// What is remembered of the lanes' runs.
struct Flight<R: Real> {
    /// Bit `i`: lane `i` flies.
    flying: u64,
    /// Were they within the settling bands at every instant that counts?
    within: R::Mask,
    /// When a rod fell; infinite if none has.
    fallen_at: R,
    /// The last state within bounds.
    last: State<R>,
    /// The instant judged last in s.
    t: R,
    /// Bit `i`: at the instant judged last, lane `i` had diverged, …
    diverged: u64,
    /// … or was off the track.
    off_track: u64,
}

impl<R: Lanes> World<'_, R> {
    /// Flies what the crew has, in all lanes, until there is no more.
    #[inline(always)]
    pub(crate) fn fly<C: Controller<R>, O: Observer<R>>(
        &mut self,
        controller: &mut C,
        observer: &mut O,
        crew: &mut impl Crew<R, C, O>,
    ) {
        let mut memory = controller.initial_memory();
        let mut flight = Flight {
            flying: 0,
            within: R::Mask::splat(true),
            fallen_at: R::splat(f64::INFINITY),
            last: *self.state(),
            t: self.time(),
            diverged: 0,
            off_track: 0,
        };
        let mut vacant = R::Mask::splat(true).bits();
        loop {
            for lane in lanes_of(vacant) {
                self.board(lane, controller, &mut memory, &mut flight, crew);
            }
            if flight.flying == 0 {
                break;
            }
            vacant = if self.is_eventless().all() {
                flight.last = *self.state();
                0
            } else {
                self.judge(&mut flight) & flight.flying
            };
            // Nobody is shown what is no state. Lanes that go on are judged anew with those that board.
            if flight.diverged & vacant == 0 {
                self.period_of(controller, &mut memory, vacant != flight.flying, observer);
            }
            for lane in lanes_of(vacant) {
                crew.land(lane, &flight.run_of(lane), observer);
            }
        }
    }

    /// Where nothing is to be judged: the run goes on, and it is not asked yet whether it has settled.
    #[inline(always)]
    fn is_eventless(&self) -> R::Mask {
        let (closed_loop, state) = (self.closed_loop(), self.state());
        let angle = R::splat(closed_loop.settling.fall_angle.min(DIVERGED));
        let position = R::splat(closed_loop.half_length.min(DIVERGED));
        let rate = R::splat(DIVERGED);
        // A NaN fails each comparison.
        state.theta1.abs().le(angle)
            & state.theta2.abs().le(angle)
            & state.x.abs().le(position)
            & state.x_dot.abs().le(rate)
            & state.theta1_dot.abs().le(rate)
            & state.theta2_dot.abs().le(rate)
            & self.periods_passed().lt(R::splat(closed_loop.judged_from as f64))
    }

    /// The lanes whose runs end here: those that have diverged, or if there are none, the others.
    ///
    /// Asked twice at one instant, it answers the same.
    #[inline(always)]
    fn judge(&self, flight: &mut Flight<R>) -> u64 {
        let (closed_loop, state) = (self.closed_loop(), self.state());
        let infinity = R::splat(f64::INFINITY);
        flight.t = self.time();
        let in_bounds = in_bounds(state);
        let (now, before) = (state.to_array(), flight.last.to_array());
        flight.last = State::from_array(each!(i of 6 => R::select(in_bounds, now[i], before[i])));
        flight.diverged = (!in_bounds).bits() & flight.flying;

        let fall_angle = R::splat(closed_loop.settling.fall_angle);
        let is_down = fall_angle.lt(state.theta1.abs()) | fall_angle.lt(state.theta2.abs());
        let falls = is_down & in_bounds & infinity.le(flight.fallen_at);
        flight.fallen_at = R::select(falls, flight.t, flight.fallen_at);
        if flight.diverged != 0 {
            return flight.diverged;
        }
        let off_track = R::splat(closed_loop.half_length).lt(state.x.abs());
        flight.off_track = off_track.bits();
        let periods = self.periods_passed();
        let counts = R::splat(closed_loop.judged_from as f64).le(periods);
        flight.within = flight.within & (!counts | closed_loop.settling.contains(state));
        let at_horizon = R::splat(closed_loop.periods() as f64).le(periods);
        let stops = match closed_loop.after_fall {
            AfterFall::Stop => flight.fallen_at.lt(infinity),
            AfterFall::Continue => R::Mask::splat(false),
        };
        (at_horizon | stops | off_track).bits()
    }

    #[inline(always)]
    fn board<C: Controller<R>, O>(
        &mut self,
        lane: usize,
        controller: &mut C,
        memory: &mut C::Memory,
        flight: &mut Flight<R>,
        crew: &mut impl Crew<R, C, O>,
    ) {
        let mask = R::Mask::from_bits(1 << lane);
        // Without a scenario it stands upright until the others are home.
        self.rest_lane(lane);
        flight.flying &= !(1 << lane);
        if let Some(scenario) = crew.board(lane, controller) {
            self.begin_lane(lane, &scenario);
            *memory = Memory::select(mask, controller.initial_memory(), *memory);
            flight.within = flight.within | mask;
            f64::INFINITY.put::<R>(mask, &mut flight.fallen_at);
            scenario.start.put::<R>(mask, &mut flight.last);
            flight.flying |= 1 << lane;
        }
    }
}

impl<R: Lanes> Flight<R> {
    /// The run that has ended in a lane. What came first is its outcome.
    fn run_of(&self, lane: usize) -> Run {
        let is = |bits: u64| bits >> lane & 1 == 1;
        let (t, fallen_at) = (self.t.lane(lane), self.fallen_at.lane(lane));
        let (outcome, time) = if fallen_at.is_finite() {
            (Outcome::Fallen, fallen_at)
        } else if is(self.diverged) {
            (Outcome::Diverged, t)
        } else if is(self.off_track) {
            (Outcome::OffTrack, t)
        } else if is(self.within.bits()) {
            (Outcome::Settled, t)
        } else {
            (Outcome::NotSettled, t)
        };
        let final_state = State::from_array(self.last.to_array().map(|of| of.lane(lane)));
        Run { outcome, time, final_state }
    }
}

/// A NaN fails each comparison.
#[inline(always)]
fn in_bounds<R: Real>(state: &State<R>) -> R::Mask {
    let mut all = R::Mask::splat(true);
    for component in state.to_array() {
        all = all & component.abs().le(R::splat(DIVERGED));
    }
    all
}

/// The places of the bits that are set.
fn lanes_of(mut bits: u64) -> impl Iterator<Item = usize> {
    iter::from_fn(move || {
        let lane = bits.trailing_zeros() as usize;
        (bits != 0).then(|| {
            bits &= bits - 1;
            lane
        })
    })
}
