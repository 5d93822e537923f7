//! By hand: the same step written out for this one law and plant. It knows no traits of law, memory or
//! plant, no fail-safe, no guard of `β`, no options; only the number, its sine and its turns are those of the
//! crates.

use dip_dynamics::{Kernel, Lanes, Mask, Parameters, State, Turn};

use crate::{DT, STEPS, U_MAX, spec, start};

#[derive(Clone, Copy)]
pub(crate) struct Loop {
    s: [f64; 6],
}

impl Loop {
    pub(crate) fn new(s: [f64; 6]) -> Self {
        Self { s }
    }
}

/// Constants of the equations, per mass, in the lanes of a number.
#[derive(Clone, Copy)]
struct Constants<R> {
    m22: R,
    m33: R,
    a: R,
    b: R,
    d: R,
    g: R,
    b0: R,
    b1: R,
    b2: R,
}

/// Multiples of sine and cosine of both angles, the mass matrix by parts, and the forces.
struct Here<R> {
    angles: [R; 4],
    s22: R,
    s23: R,
    s33: R,
    inverse: R,
    h: [R; 3],
}

#[inline(always)]
fn angles<R: Lanes>(c: &Constants<R>, theta1: R, theta2: R) -> [R; 4] {
    let (sin1, cos1) = theta1.sin_cos();
    let (sin2, cos2) = theta2.sin_cos();
    [c.a * sin1, c.a * cos1, c.b * sin2, c.b * cos2]
}

/// The angles at `theta`, by turns from `before` if those are small.
#[inline(always)]
fn turned<R: Lanes>(
    c: &Constants<R>,
    before: &[R; 4],
    [turn1, turn2]: [Turn<R>; 2],
    is_small: R::Mask,
    theta: [R; 2],
) -> [R; 4] {
    let [sin1, cos1] = turn1.applied_to([before[0], before[1]]);
    let [sin2, cos2] = turn2.applied_to([before[2], before[3]]);
    if is_small.all() {
        return [sin1, cos1, sin2, cos2];
    }
    let [far_sin1, far_cos1, far_sin2, far_cos2] = angles(c, theta[0], theta[1]);
    [
        R::select(is_small, sin1, far_sin1),
        R::select(is_small, cos1, far_cos1),
        R::select(is_small, sin2, far_sin2),
        R::select(is_small, cos2, far_cos2),
    ]
}

#[inline(always)]
fn are_within<R: Lanes>(a: R, b: R, limit: f64) -> R::Mask {
    (a * a).max(b * b).le(R::splat(limit * limit))
}

#[inline(always)]
fn equations<R: Lanes>(c: &Constants<R>, [x_dot, v1, v2]: [R; 3], angles: [R; 4]) -> Here<R> {
    let [sin1, cos1, sin2, cos2] = angles;
    let (w1, w2) = (v1 * v1, v2 * v2);
    let joint = c.b2 * (v2 - v1);
    let coupling = c.d * (sin1 * cos2 - cos1 * sin2);
    let m23 = c.d * (cos1 * cos2 + sin1 * sin2);
    let h0 = sin1 * w1 + sin2 * w2 - c.b0 * x_dot;
    let h1 = c.g * sin1 - coupling * w2 - c.b1 * v1 + joint;
    let h2 = c.g * sin2 + coupling * w1 - joint;
    let (s22, s23, s33) = (c.m22 - cos1 * cos1, m23 - cos1 * cos2, c.m33 - cos2 * cos2);
    let inverse = R::splat(1.0) / (s22 * s33 - s23 * s23);
    Here { angles, s22, s23, s33, inverse, h: [h0, h1, h2] }
}

#[inline(always)]
fn solve<R: Lanes>(here: &Here<R>, [f0, f1, f2]: [R; 3]) -> [R; 3] {
    let [_, m12, _, m13] = here.angles;
    let (y1, y2) = (f1 - m12 * f0, f2 - m13 * f0);
    let q1 = (here.s33 * y1 - here.s23 * y2) * here.inverse;
    let q2 = (here.s22 * y2 - here.s23 * y1) * here.inverse;
    [f0 - m12 * q1 - m13 * q2, q1, q2]
}

#[inline(always)]
fn acceleration<R: Lanes>(here: &Here<R>, u: R) -> [R; 3] {
    let [h0, h1, h2] = here.h;
    solve(here, [h0 + u, h1, h2])
}

#[inline(always)]
fn after<R: Lanes>(x: [R; 3], k: [R; 3], dt: R) -> [R; 3] {
    [x[0] + k[0] * dt, x[1] + k[1] * dt, x[2] + k[2] * dt]
}

#[inline(always)]
fn add<R: Lanes>(a: [R; 3], b: [R; 3]) -> [R; 3] {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

impl Kernel for Loop {
    type Output = f64;

    #[inline(always)]
    fn run<R: Lanes>(self) -> f64 {
        let Parameters { m0, m1, m2, l1, c1, c2, i1, i2, g, b0, b1, b2, .. } =
            Parameters::default();
        let mass = m0 + m1 + m2;
        let moment = m1 * c1 + m2 * l1;
        let c = Constants {
            m22: R::splat((m1 * c1 * c1 + m2 * l1 * l1 + i1) / mass),
            m33: R::splat((m2 * c2 * c2 + i2) / mass),
            a: R::splat(moment / mass),
            b: R::splat(m2 * c2 / mass),
            d: R::splat(l1 * mass / moment),
            g: R::splat(g),
            b0: R::splat(b0 / mass),
            b1: R::splat(b1 / mass),
            b2: R::splat(b2 / mass),
        };
        let spec = spec();
        let s = self.s.map(R::splat);
        let (k, kd, steepness) = (R::splat(spec.k), R::splat(spec.kd), R::splat(1.0 / 0.05));
        let (one, u_max) = (R::splat(1.0), R::splat(U_MAX / mass));
        let (dt, half, sixth) = (R::splat(DT), R::splat(0.5 * DT), R::splat(DT / 6.0));
        let quarter = R::splat(0.25 * DT * DT);
        let [x, theta1, theta2, x_dot, theta1_dot, theta2_dot] = State::<R>::to_array(start());
        let (mut q, mut v) = ([x, theta1, theta2], [x_dot, theta1_dot, theta2_dot]);
        for _ in 0..STEPS {
            let here = equations(&c, v, angles(&c, q[1], q[2]));
            // The row is per mass, as `h` and the force are.
            let row = solve(&here, [s[3], s[4], s[5]]);
            let sigma =
                s[0] * q[0] + s[1] * q[1] + s[2] * q[2] + s[3] * v[0] + s[4] * v[1] + s[5] * v[2];
            let drift = (s[0] * v[0] + s[1] * v[1] + s[2] * v[2])
                + (row[0] * here.h[0] + row[1] * here.h[1] + row[2] * here.h[2]);
            let rate = -k * (sigma * steepness).clamp(-one, one) - kd * sigma;
            let u = ((rate - drift) / row[0]).clamp(-u_max, u_max);

            let a1 = acceleration(&here, u);
            let v2 = after(v, a1, half);
            let (turn1, turn2) = (v[1] * half, v[2] * half);
            let turns = [turn1.small_turn(), turn2.small_turn()];
            let theta = [q[1] + turn1, q[2] + turn2];
            let is_small = are_within(turn1, turn2, 0.02);
            let here2 = equations(&c, v2, turned(&c, &here.angles, turns, is_small, theta));
            let a2 = acceleration(&here2, u);
            let v3 = after(v, a2, half);
            let (turn1, turn2) = (a1[1] * quarter, a1[2] * quarter);
            let turns = [turn1.tiny_turn(), turn2.tiny_turn()];
            let theta = [q[1] + v2[1] * half, q[2] + v2[2] * half];
            let is_tiny = are_within(turn1, turn2, 1e-3);
            let here3 = equations(&c, v3, turned(&c, &here2.angles, turns, is_tiny, theta));
            let a3 = acceleration(&here3, u);
            let v4 = after(v, a3, dt);
            let (turn1, turn2) = (v3[1] * dt, v3[2] * dt);
            let turns = [turn1.small_turn(), turn2.small_turn()];
            let theta = [q[1] + turn1, q[2] + turn2];
            let is_small = are_within(turn1, turn2, 0.02);
            let here4 = equations(&c, v4, turned(&c, &here.angles, turns, is_small, theta));
            let a4 = acceleration(&here4, u);
            let middle = add(a2, a3);
            let first = add(a1, middle);
            q = after(q, after(v, first, sixth), dt);
            v = after(v, add(first, add(middle, a4)), sixth);
        }
        q[1].lane(0)
    }
}
