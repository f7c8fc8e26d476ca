//! The same pictures as pixels, for programs that show no SVG.
//!
//! Text is set in two fonts that come with the program, never in those of the machine, so that a picture is the same
//! to the last byte everywhere.

use super::ChartError;
use png::{BitDepth, ColorType, Compression, Encoder, EncodingError};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};
use std::sync::{Arc, OnceLock};

const REGULAR: &[u8] = include_bytes!("fonts/LiberationSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("fonts/LiberationSans-Bold.ttf");
const FAMILY: &str = "Liberation Sans";
/// Pixels per shown pixel: pictures are drawn at this size.
const SCALE: f32 = 2.0;

/// A picture as PNG.
///
/// # Errors
/// [`ChartError::Drawing`] if `svg` is no picture of ours.
pub fn png(svg: &str) -> Result<Vec<u8>, ChartError> {
    encode(&pixels(svg)?).map_err(|error| failed(error.to_string()))
}

fn failed(error: String) -> ChartError {
    ChartError::Drawing(error)
}

fn pixels(svg: &str) -> Result<Pixmap, ChartError> {
    let options = Options { fontdb: fonts(), font_family: FAMILY.to_owned(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| failed(error.to_string()))?;
    let pixels = |length: f32| (length * SCALE).round() as u32;
    let (width, height) = (pixels(tree.size().width()), pixels(tree.size().height()));
    let empty = || failed(format!("{width} x {height} pixels"));
    let mut pixmap = Pixmap::new(width, height).ok_or_else(empty)?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixmap.as_mut());
    Ok(pixmap)
}

/// Writes the pixels without their opacity, which is full everywhere: each picture begins with its ground.
/// The fast kind of compression takes a tenth of the time of the usual one, for files of twice the size.
fn encode(pixmap: &Pixmap) -> Result<Vec<u8>, EncodingError> {
    let pixels = pixmap.data();
    let mut colours = vec![0; pixels.len() / 4 * 3];
    for (to, from) in colours.chunks_exact_mut(3).zip(pixels.chunks_exact(4)) {
        to.copy_from_slice(&from[..3]);
    }
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, pixmap.width(), pixmap.height());
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&colours)?;
    writer.finish()?;
    Ok(file)
}

fn fonts() -> Arc<Database> {
    static FONTS: OnceLock<Arc<Database>> = OnceLock::new();
    let read = || {
        let mut fonts = Database::new();
        fonts.load_font_data(REGULAR.to_vec());
        fonts.load_font_data(BOLD.to_vec());
        fonts.set_sans_serif_family(FAMILY);
        Arc::new(fonts)
    };
    FONTS.get_or_init(read).clone()
}

#[cfg(test)]
mod tests {
    use super::super::{DelayCurve, delays};
    use super::*;

    #[test]
    fn a_picture_has_the_same_bytes_each_time_and_text_in_it() {
        let curve = |label: &str| DelayCurve {
            label: label.to_owned(),
            points: vec![(1.0, 0.5), (60.0, 1.0)],
            p50: 1.0,
            p99: 60.0,
            ..DelayCurve::default()
        };
        let svg = |label| delays(&[curve(label)]).expect("drawn");
        let draw = |label| png(&svg(label)).expect("pixels");
        let opaque =
            pixels(&svg("one name")).expect("pixels").pixels().iter().all(|p| p.is_opaque());
        assert!(opaque, "opacity is not written");
        let one = draw("one name");
        assert_eq!(&one[1..4], b"PNG");
        assert_eq!(one, draw("one name"));
        // Only the text differs: it is there, without any font of the machine.
        assert_ne!(one, draw("other name"));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert!(matches!(png("no picture"), Err(ChartError::Drawing(_))));
    }
}
