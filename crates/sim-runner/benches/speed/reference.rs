//! The step as one would type it: matrices of a library, its Cholesky factorisation, `sin_cos` of each
//! angle and of their difference, nothing shared between controller and plant.

use dip_dynamics::Parameters;
use nalgebra::{Matrix3, Vector3, Vector6};

use crate::{DT, STEPS, U_MAX, spec};

pub(crate) struct Loop {
    plant: Parameters,
    s: Vector6<f64>,
    k: f64,
    kd: f64,
    epsilon: f64,
}

impl Loop {
    pub(crate) fn new(s: Vector6<f64>) -> Self {
        let spec = spec();
        Self { plant: Parameters::default(), s, k: spec.k, kd: spec.kd, epsilon: 0.05 }
    }

    fn equations(&self, x: &Vector6<f64>) -> (Matrix3<f64>, Vector3<f64>) {
        let Parameters { m0, m1, m2, l1, c1, c2, i1, i2, g, b0, b1, b2, .. } = self.plant;
        let (sin1, cos1) = x[1].sin_cos();
        let (sin2, cos2) = x[2].sin_cos();
        let (sin12, cos12) = (x[1] - x[2]).sin_cos();
        let (a, b, d) = (m1 * c1 + m2 * l1, m2 * c2, m2 * l1 * c2);
        let (m12, m13, m23) = (a * cos1, b * cos2, d * cos12);
        let (m22, m33) = (m1 * c1 * c1 + m2 * l1 * l1 + i1, m2 * c2 * c2 + i2);
        let m = Matrix3::new(m0 + m1 + m2, m12, m13, m12, m22, m23, m13, m23, m33);
        let (x_dot, v1, v2) = (x[3], x[4], x[5]);
        let h = Vector3::new(
            a * sin1 * v1 * v1 + b * sin2 * v2 * v2 - b0 * x_dot,
            -d * sin12 * v2 * v2 + a * g * sin1 - b1 * v1 - b2 * (v1 - v2),
            d * sin12 * v1 * v1 + b * g * sin2 - b2 * (v2 - v1),
        );
        (m, h)
    }

    fn rate(&self, x: &Vector6<f64>, u: f64) -> Vector6<f64> {
        let (m, h) = self.equations(x);
        let factors = m.cholesky().expect("a mass matrix is positive definite");
        let qdd = factors.solve(&(h + Vector3::new(u, 0.0, 0.0)));
        Vector6::new(x[3], x[4], x[5], qdd[0], qdd[1], qdd[2])
    }

    fn control(&self, x: &Vector6<f64>) -> f64 {
        let (m, h) = self.equations(x);
        let factors = m.cholesky().expect("a mass matrix is positive definite");
        let (free, push) = (factors.solve(&h), factors.solve(&Vector3::new(1.0, 0.0, 0.0)));
        let (positions, velocities) = (self.s.fixed_rows::<3>(0), self.s.fixed_rows::<3>(3));
        let sigma = self.s.dot(x);
        let drift = positions.dot(&x.fixed_rows::<3>(3)) + velocities.dot(&free);
        let beta = velocities.dot(&push);
        let v = -self.k * (sigma / self.epsilon).clamp(-1.0, 1.0) - self.kd * sigma;
        ((v - drift) / beta).clamp(-U_MAX, U_MAX)
    }

    /// The last angle of rod 1.
    pub(crate) fn run(&self) -> f64 {
        let mut x = Vector6::new(0.0, 0.1, -0.08, 0.0, 0.0, 0.0);
        for _ in 0..STEPS {
            let u = self.control(&x);
            let k1 = self.rate(&x, u);
            let k2 = self.rate(&(x + k1 * (0.5 * DT)), u);
            let k3 = self.rate(&(x + k2 * (0.5 * DT)), u);
            let k4 = self.rate(&(x + k3 * DT), u);
            x += (k1 + (k2 + k3) * 2.0 + k4) * (DT / 6.0);
        }
        x[1]
    }
}
