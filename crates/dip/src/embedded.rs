//! Where a picture comes from, within its file: a picture goes into papers without the document beside it.
//!
//! It is JSON, [`Origin`](crate::provenance::Origin): of an SVG the content of `metadata`, of a PNG the text of
//! `Comment`, of a GIF the comment. Validated by `tests/provenance.rs`.

use std::io::{Cursor, Write};

use anyhow::{Context, Result};
use gif::{AnyExtension, Encoder, Extension};

/// An SVG that says it.
pub(crate) fn in_svg(svg: &str, origin: &str) -> String {
    let begin = svg.find("<svg").expect("an SVG has its element");
    let end = begin + svg[begin..].find('>').expect("an element ends") + 1;
    let text = origin.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("{}<metadata>{text}</metadata>{}", &svg[..end], &svg[end..])
}

/// A PNG that says it.
pub(crate) fn in_png(png: &[u8], origin: &str) -> Result<Vec<u8>> {
    let mut reader = png::Decoder::new(Cursor::new(png)).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().context("the picture is too large")?];
    let info = reader.next_frame(&mut pixels)?;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, info.width, info.height);
    encoder.set_color(info.color_type);
    encoder.set_depth(info.bit_depth);
    encoder.add_itxt_chunk("Comment".to_owned(), origin.to_owned())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels[..info.buffer_size()])?;
    writer.finish()?;
    Ok(bytes)
}

/// Says it in a GIF that has begun.
pub(crate) fn in_gif<W: Write>(encoder: &mut Encoder<W>, origin: &str) -> Result<()> {
    // A block has at most 255 bytes.
    let blocks: Vec<&[u8]> = origin.as_bytes().chunks(255).collect();
    Ok(encoder.write_raw_extension(AnyExtension(Extension::Comment as u8), &blocks)?)
}
