//! The strip of poses: the pendulum of one run at instants of its beginning, one beside the other.
//!
//! Rods, cart and its way are to one scale, and the strip is read from left to right. Validated by
//! `tests/report.rs`.

use super::Data;
use super::poses::Poses;
use crate::embedded::in_svg;
use crate::input::InputError;
use crate::terminal::significant;

/// Poses of a strip.
const POSES: u32 = 12;

/// Pixels a metre, and the size of a cell.
const SCALE: f64 = 150.0;
const CELL: f64 = 84.0;

/// As SVG.
pub(super) fn strip(data: &Data) -> Result<String, InputError> {
    let svg = draw(data).ok_or_else(|| {
        InputError::new(&"--strip: the directory has no trajectory of a run with its experiment")
    })?;
    Ok(in_svg(&svg, &data.origin()))
}

fn draw(data: &Data) -> Option<String> {
    let poses = Poses::of(data)?;
    let Poses { lengths, farthest, until, .. } = poses;
    // The cart's way is drawn within its cell, to the scale of the rods where there is room.
    let way = SCALE.min(0.25 * CELL / farthest.max(f64::MIN_POSITIVE));
    let reach = SCALE * (lengths[0] + lengths[1]);
    let rail = reach + 16.0;
    let height = rail + if poses.hangs() { reach } else { 0.0 } + 34.0;
    let width = CELL * f64::from(POSES);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height:.0}\" \
         font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>Poses of the pendulum under {} over time</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <path d=\"M0 {rail}H{width}\" stroke=\"#777\"/>\n",
        poses.name
    );
    for number in 0..POSES {
        let t = until * f64::from(number) / f64::from(POSES - 1);
        let [x, theta1, theta2] = poses.at(t);
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
