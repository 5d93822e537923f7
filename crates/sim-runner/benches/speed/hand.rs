//! By hand: the same step written out for this one law and plant. It knows no traits of law, memory or
//! plant, no fail-safe, no guard of `β`, no options; only the number and its sine are those of the crates.

use dip_dynamics::{Kernel, Lanes, Parameters, State};

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

/// Constants of the equations in the lanes of a number.
#[derive(Clone, Copy)]
struct Constants<R> {
    m11_inverse: R,
    m22: R,
    m33: R,
    a: R,
    b: R,
    d: R,
    ag: R,
    bg: R,
    b0: R,
    b1: R,
    b2: R,
}

/// The inverse of the mass matrix by parts, and the forces.
struct Here<R> {
    l2: R,
    l3: R,
    r22: R,
    r23: R,
    r33: R,
    h: [R; 3],
}

#[inline(always)]
fn equations<R: Lanes>(c: &Constants<R>, x: &[R; 6]) -> Here<R> {
    let [_, theta1, theta2, x_dot, v1, v2] = *x;
    let (sin1, cos1) = theta1.sin_cos();
    let (sin2, cos2) = theta2.sin_cos();
    let (sin12, cos12) = (sin1 * cos2 - cos1 * sin2, cos1 * cos2 + sin1 * sin2);
    let (w1, w2) = (v1 * v1, v2 * v2);
    let (joint, coupling) = (c.b2 * (v2 - v1), c.d * sin12);
    let h0 = c.a * sin1 * w1 + c.b * sin2 * w2 - c.b0 * x_dot;
    let h1 = c.ag * sin1 - coupling * w2 - c.b1 * v1 + joint;
    let h2 = c.bg * sin2 + coupling * w1 - joint;
    let (m12, m13, m23) = (c.a * cos1, c.b * cos2, c.d * cos12);
    let (l2, l3) = (m12 * c.m11_inverse, m13 * c.m11_inverse);
    let (s22, s23, s33) = (c.m22 - l2 * m12, m23 - l2 * m13, c.m33 - l3 * m13);
    let inverse = R::splat(1.0) / (s22 * s33 - s23 * s23);
    Here { l2, l3, r22: s33 * inverse, r23: s23 * inverse, r33: s22 * inverse, h: [h0, h1, h2] }
}

#[inline(always)]
fn solve<R: Lanes>(c: &Constants<R>, here: &Here<R>, [f0, f1, f2]: [R; 3]) -> [R; 3] {
    let (y1, y2) = (f1 - here.l2 * f0, f2 - here.l3 * f0);
    let q1 = here.r22 * y1 - here.r23 * y2;
    let q2 = here.r33 * y2 - here.r23 * y1;
    [f0 * c.m11_inverse - here.l2 * q1 - here.l3 * q2, q1, q2]
}

#[inline(always)]
fn rate<R: Lanes>(c: &Constants<R>, here: &Here<R>, x: &[R; 6], u: R) -> [R; 6] {
    let [h0, h1, h2] = here.h;
    let [a0, a1, a2] = solve(c, here, [h0 + u, h1, h2]);
    [x[3], x[4], x[5], a0, a1, a2]
}

#[inline(always)]
fn ahead<R: Lanes>(x: &[R; 6], k: &[R; 6], dt: R) -> [R; 6] {
    let ahead = |i: usize| x[i] + k[i] * dt;
    [ahead(0), ahead(1), ahead(2), ahead(3), ahead(4), ahead(5)]
}

impl Kernel for Loop {
    type Output = f64;

    #[inline(always)]
    fn run<R: Lanes>(self) -> f64 {
        let Parameters { m0, m1, m2, l1, c1, c2, i1, i2, g, b0, b1, b2, .. } =
            Parameters::default();
        let (a, b) = (m1 * c1 + m2 * l1, m2 * c2);
        let c = Constants {
            m11_inverse: R::splat(1.0 / (m0 + m1 + m2)),
            m22: R::splat(m1 * c1 * c1 + m2 * l1 * l1 + i1),
            m33: R::splat(m2 * c2 * c2 + i2),
            a: R::splat(a),
            b: R::splat(b),
            d: R::splat(m2 * l1 * c2),
            ag: R::splat(a * g),
            bg: R::splat(b * g),
            b0: R::splat(b0),
            b1: R::splat(b1),
            b2: R::splat(b2),
        };
        let spec = spec();
        let s = self.s.map(R::splat);
        let (k, kd, epsilon) = (R::splat(spec.k), R::splat(spec.kd), R::splat(0.05));
        let (one, u_max, dt) = (R::splat(1.0), R::splat(U_MAX), R::splat(DT));
        let (half, two, sixth) = (R::splat(0.5 * DT), R::splat(2.0), R::splat(DT / 6.0));
        let mut x = State::<R>::to_array(start());
        for _ in 0..STEPS {
            let here = equations(&c, &x);
            let row = solve(&c, &here, [s[3], s[4], s[5]]);
            let sigma =
                s[0] * x[0] + s[1] * x[1] + s[2] * x[2] + s[3] * x[3] + s[4] * x[4] + s[5] * x[5];
            let drift = (s[0] * x[3] + s[1] * x[4] + s[2] * x[5])
                + (row[0] * here.h[0] + row[1] * here.h[1] + row[2] * here.h[2]);
            let v = -(k * (sigma / epsilon).clamp(-one, one) + kd * sigma);
            let u = ((v - drift) / row[0]).clamp(-u_max, u_max);

            let k1 = rate(&c, &here, &x, u);
            let x2 = ahead(&x, &k1, half);
            let k2 = rate(&c, &equations(&c, &x2), &x2, u);
            let x3 = ahead(&x, &k2, half);
            let k3 = rate(&c, &equations(&c, &x3), &x3, u);
            let x4 = ahead(&x, &k3, dt);
            let k4 = rate(&c, &equations(&c, &x4), &x4, u);
            let mean = |i: usize| k1[i] + (k2[i] + k3[i]) * two + k4[i];
            x = ahead(&x, &[mean(0), mean(1), mean(2), mean(3), mean(4), mean(5)], sixth);
        }
        x[1].lane(0)
    }
}
