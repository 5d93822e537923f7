//! The pendulum of one run in motion, as a GIF: for a README, where no script runs.
//!
//! In real time, until the poses have come to rest; cart, way and rods are to one scale. Validated by
//! `tests/report.rs`.

use anyhow::{Context, Result, anyhow};
use gif::{Encoder, Frame, Repeat};
use kuva::prelude::PngBackend;
use kuva::render::render::{Primitive, Scene, TextAnchor};

use super::Data;
use super::poses::Poses;
use crate::embedded::in_gif;
use crate::input::InputError;

/// Hundredths of a second that a frame is shown.
const DELAY: u16 = 4;

/// Frames at most: what is longer ends there.
const FRAMES: u16 = 200;

/// Hundredths of a second that the last frame is shown.
const PAUSE: u16 = 100;

/// Pixels a metre, and to the left and right of what the cart does.
const SCALE: f64 = 260.0;
const MARGIN: f64 = 110.0;

/// As GIF.
pub(super) fn animation(data: &Data) -> Result<Vec<u8>> {
    let poses = Poses::of(data).ok_or_else(|| {
        InputError::new(&"--gif: the directory has no trajectory of a run with its experiment")
    })?;
    let (width, height, _) = pixels(&scene(&poses, 0.0))?;
    let mut encoder = Encoder::new(Vec::new(), width, height, &[])?;
    encoder.set_repeat(Repeat::Infinite)?;
    in_gif(&mut encoder, &data.origin())?;
    let frames = (100.0 * poses.until / f64::from(DELAY)).ceil().min(f64::from(FRAMES));
    let mut number = 0_u16;
    while f64::from(number) <= frames {
        let t = (f64::from(number) * f64::from(DELAY) / 100.0).min(poses.until);
        let (_, _, pixels) = pixels(&scene(&poses, t))?;
        let mut frame = Frame::from_rgb_speed(width, height, &pixels, 10);
        number += 1;
        frame.delay = if f64::from(number) > frames { PAUSE } else { DELAY };
        encoder.write_frame(&frame)?;
    }
    Ok(encoder.into_inner()?)
}

/// One frame.
fn scene(poses: &Poses<'_>, t: f64) -> Scene {
    let [x, theta1, theta2] = poses.at(t);
    let reach = SCALE * (poses.lengths[0] + poses.lengths[1]);
    let rail = reach + 24.0;
    let height = rail + 34.0 + if poses.hangs() { reach } else { 0.0 };
    let middle = MARGIN + SCALE * poses.farthest;
    let width = 2.0 * middle;
    let (cart, pivot) = (middle + SCALE * x, rail - 12.0);
    let tip = |(from_x, from_y): (f64, f64), length: f64, angle: f64| {
        (from_x + SCALE * length * angle.sin(), from_y - SCALE * length * angle.cos())
    };
    let joint = tip((cart, pivot), poses.lengths[0], theta1);
    let end = tip(joint, poses.lengths[1], theta2);
    let rod = |from, to, colour: &str, stroke_width| Primitive::PolyLine {
        points: vec![from, to],
        stroke: colour.into(),
        stroke_width,
        stroke_dasharray: None,
    };
    let text = |x, content, anchor| Primitive::Text {
        x,
        y: height - 8.0,
        content,
        size: 13,
        anchor,
        rotate: None,
        bold: false,
        color: Some("#333333".into()),
    };
    let mut scene = Scene::new(width, height);
    scene.elements = vec![
        rod((0.0, rail), (width, rail), "#777777", 1.0),
        rod((middle, 8.0), (middle, rail), "#cccccc", 1.0),
        Primitive::Rect {
            x: cart - 26.0,
            y: pivot - 6.0,
            width: 52.0,
            height: 18.0,
            fill: "#444444".into(),
            stroke: None,
            stroke_width: None,
            opacity: None,
        },
        rod((cart, pivot), joint, "#0072B2", 7.0),
        rod(joint, end, "#D55E00", 5.0),
        Primitive::Circle {
            cx: joint.0,
            cy: joint.1,
            r: 4.0,
            fill: "#000000".into(),
            fill_opacity: None,
            stroke: None,
            stroke_width: None,
        },
        text(10.0, poses.name.to_owned(), TextAnchor::Start),
        text(width - 10.0, format!("{t:.2} s"), TextAnchor::End),
    ];
    scene
}

/// Width, height, and red, green and blue of each pixel.
fn pixels(scene: &Scene) -> Result<(u16, u16, Vec<u8>)> {
    let drawn =
        PngBackend::new().with_scale(1.0).render_scene(scene).map_err(|error| anyhow!(error))?;
    let mut reader = png::Decoder::new(std::io::Cursor::new(drawn)).read_info()?;
    let room = reader.output_buffer_size().context("a frame is too large")?;
    let mut bytes = vec![0; room];
    let info = reader.next_frame(&mut bytes)?;
    let samples = info.color_type.samples();
    let pixels = bytes[..info.buffer_size()].chunks_exact(samples);
    let rgb = pixels.flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    Ok((u16::try_from(info.width)?, u16::try_from(info.height)?, rgb))
}
