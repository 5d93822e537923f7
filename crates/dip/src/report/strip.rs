//! The strip of poses: the pendulum of one run at instants of its beginning, one beside the other.
//!
//! Rods, cart and its way are to one scale, and the strip is read from left to right. Validated by
//! `tests/report.rs`.

use std::f64::consts::PI;

use super::Data;
use crate::input::InputError;
use crate::terminal::significant;

/// Poses of a strip.
const POSES: u32 = 12;

/// Pixels a metre, and the size of a cell.
const SCALE: f64 = 150.0;
const CELL: f64 = 84.0;

/// The strip ends where both angles stay within this share of the largest: what follows is too slow to see.
const AT_REST: f64 = 0.2;

/// As SVG.
pub(super) fn strip(data: &Data) -> Result<String, InputError> {
    draw(data).ok_or_else(|| {
        InputError::new(&"--strip: the directory has no trajectory of a run with its experiment")
    })
}

fn draw(data: &Data) -> Option<String> {
    let run = data.trajectories.first()?;
    let plant = &data.documents["summary"]["experiment"]["plant"];
    let lengths = [plant["l1"].as_f64()?, plant["l2"].as_f64()?];
    let poses: Vec<[f64; 4]> =
        run.kept.iter().filter_map(|row| Some([row[0]?, row[1]?, row[2]?, row[3]?])).collect();
    let tilt = |[_, _, theta1, theta2]: &[f64; 4]| theta1.abs().max(theta2.abs());
    let largest = poses.iter().map(tilt).fold(0.0, f64::max);
    let last = poses.iter().rposition(|pose| tilt(pose) >= AT_REST * largest)?;
    let until = poses[last][0];
    let farthest = poses.iter().map(|pose| pose[1].abs()).fold(0.0, f64::max);
    // The cart's way is drawn within its cell, to the scale of the rods where there is room.
    let way = SCALE.min(0.25 * CELL / farthest.max(f64::MIN_POSITIVE));
    let reach = SCALE * (lengths[0] + lengths[1]);
    let hangs = largest > 0.5 * PI;
    let rail = reach + 16.0;
    let height = rail + if hangs { reach } else { 0.0 } + 34.0;
    let width = CELL * f64::from(POSES);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height:.0}\" \
         font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>Poses of the pendulum under {} over time</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <path d=\"M0 {rail}H{width}\" stroke=\"#777\"/>\n",
        run.name
    );
    for number in 0..POSES {
        let t = until * f64::from(number) / f64::from(POSES - 1);
        let [_, x, theta1, theta2] = poses[poses.partition_point(|pose| pose[0] < t)];
        let middle = CELL * (f64::from(number) + 0.5);
        let cart = middle + way * x;
        let pivot = rail - 6.0;
        let tip = |(from_x, from_y): (f64, f64), length: f64, angle: f64| {
            (from_x + SCALE * length * angle.sin(), from_y - SCALE * length * angle.cos())
        };
        let joint = tip((cart, pivot), lengths[0], theta1);
        let end = tip(joint, lengths[1], theta2);
        svg += &format!(
            "<g stroke-linecap=\"round\" fill=\"none\">\
             <path d=\"M{middle} {top}V{rail}\" stroke=\"#ccc\" stroke-dasharray=\"2 4\"/>\
             <path d=\"M{cart:.1} {pivot:.1}L{jx:.1} {jy:.1}\" stroke=\"#0072B2\" stroke-width=\"5\"/>\
             <path d=\"M{jx:.1} {jy:.1}L{ex:.1} {ey:.1}\" stroke=\"#D55E00\" stroke-width=\"4\"/>\
             <rect x=\"{left:.1}\" y=\"{pivot:.1}\" width=\"28\" height=\"12\" rx=\"2\" fill=\"#444\"/>\
             <circle cx=\"{jx:.1}\" cy=\"{jy:.1}\" r=\"3\" fill=\"#fff\" stroke=\"#000\"/></g>\n\
             <text x=\"{middle}\" y=\"{label:.1}\" text-anchor=\"middle\" fill=\"#333\">{time} s</text>\n",
            top = 8,
            jx = joint.0,
            jy = joint.1,
            ex = end.0,
            ey = end.1,
            left = cart - 14.0,
            label = height - 10.0,
            time = significant(t, 3),
        );
    }
    Some(svg + "</svg>\n")
}
