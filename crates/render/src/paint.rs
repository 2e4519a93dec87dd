//! From a laid-out document to the bytes of a PDF: PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1) in one file.
//!
//! The structure tree, the metadata, the embedded files and the colours are written here; where things stand is already decided.

use std::num::NonZeroU16;

use krilla::configure::{Accessibility, Archival, ConfigurationBuilder, ValidationError};
use krilla::destination::XyzDestination;
use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::error::KrillaError;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::metadata::{DateTime, Metadata, TextDirection};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, SpanTag, TableHeaderScope, Tag, TagGroup, TagKind, TagTree,
};
use krilla::{Document as Writer, SerializeSettings};

use crate::RenderError;
use crate::look::{Color, Embedded, Look, Relationship};
use crate::page::{Area, Document, HEIGHT, Item, Node, Owner, Role, Shape, WIDTH};
use crate::typeface::{self, Ink};

/// Writes the document.
pub(crate) fn paint(document: &Document, look: &Look, embed: &[Embedded]) -> Result<Vec<u8>, RenderError> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A3_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .expect("PDF/A-3 and PDF/UA-1 are both PDF 1.7");
    let settings = SerializeSettings { configuration, enable_tagging: true, ..SerializeSettings::default() };
    let mut writer = Writer::new_with(settings);
    let mut contents: Vec<Vec<Identifier>> = document.nodes.iter().map(|_| Vec::new()).collect();
    let size = PageSettings::from_wh(WIDTH, HEIGHT).expect("A4 is a size");
    for page in &document.pages {
        let mut sheet = writer.start_page_with(size.clone());
        let mut surface = sheet.surface();
        for item in &page.items {
            let mark = surface.start_tagged(content_tag(item));
            draw(&mut surface, &item.shape, look);
            surface.end_tagged();
            if let Owner::Node(node) = item.owner {
                contents[node].push(mark);
            }
        }
    }
    writer.set_tag_tree(tree(&document.nodes, contents).with_lang(Some(look.language.tag().to_owned())));
    writer.set_metadata(metadata(document, look));
    let mut outline = Outline::new();
    outline.push_child(OutlineNode::new(document.title.clone(), XyzDestination::new(0, Point::from_xy(0.0, 0.0))));
    writer.set_outline(outline);
    embed_files(&mut writer, look, embed)?;
    writer.finish().map_err(refusal)
}

fn refusal(error: KrillaError) -> RenderError {
    match error {
        KrillaError::Image(_, _, why) => RenderError::Logo(why),
        KrillaError::SixteenBitImage(..) => RenderError::Logo("16 bits per channel".to_owned()),
        KrillaError::Validation(broken) => {
            RenderError::Writer(broken.iter().map(|(rule, _)| name_of(rule)).collect::<Vec<_>>().join(", "))
        }
        other => RenderError::Writer(other.to_string()),
    }
}

/// Which demand of the standard was not met, without the text of the invoice that the writer's error may hold.
fn name_of(rule: &ValidationError) -> String {
    format!("{rule:?}").chars().take_while(|character| character.is_ascii_alphanumeric()).collect()
}

fn content_tag(item: &Item) -> ContentTag<'static> {
    let artifact = |kind| ContentTag::Artifact(Artifact::with_kind(kind));
    match (item.owner, &item.shape) {
        (Owner::Node(_), Shape::Text { .. }) => ContentTag::Span(SpanTag::empty()),
        (Owner::Node(_), _) => ContentTag::Other,
        (Owner::Header, _) => artifact(ArtifactType::Header),
        (Owner::Footer, _) => artifact(ArtifactType::Footer),
        (Owner::Ornament, _) => artifact(ArtifactType::Layout),
    }
}

fn draw(surface: &mut Surface, shape: &Shape, look: &Look) {
    match shape {
        Shape::Text { x, y, line } => {
            surface.set_fill(Some(fill(color_of(line.style.ink, look))));
            let font = typeface::font(line.style.face);
            surface.draw_glyphs(Point::from_xy(*x, *y), &line.glyphs, font, &line.text, line.style.size, false);
        }
        Shape::Rule { x, y, width, weight, color } => {
            // A filled strip, not a stroke: it comes out even on every printer.
            area(surface, Area { left: *x, top: y - weight / 2.0, width: *width, height: *weight }, *color);
        }
        Shape::Panel { area: panel, color } => area(surface, *panel, *color),
        Shape::Logo { area } => {
            if let (Some(logo), Some(size)) = (&look.logo, Size::from_wh(area.width, area.height)) {
                surface.push_transform(&Transform::from_translate(area.left, area.top));
                surface.draw_image(logo.image.clone(), size);
                surface.pop();
            }
        }
    }
}

fn area(surface: &mut Surface, area: Area, color: Color) {
    let Some(rect) = Rect::from_xywh(area.left, area.top, area.width, area.height) else {
        return;
    };
    let mut path = PathBuilder::new();
    path.push_rect(rect);
    if let Some(path) = path.finish() {
        surface.set_fill(Some(fill(color)));
        surface.draw_path(&path);
    }
}

fn color_of(ink: Ink, look: &Look) -> Color {
    match ink {
        Ink::Text => Color::INK,
        Ink::Quiet => Color::QUIET,
        Ink::Accent if look.accent.is_readable() => look.accent,
        Ink::Accent => Color::INK,
    }
}

fn fill(color: Color) -> Fill {
    let paint = krilla::color::rgb::Color::new(color.red, color.green, color.blue);
    Fill { paint: paint.into(), opacity: NormalizedF32::ONE, rule: FillRule::default() }
}

/// The structure tree. Children have higher numbers than their parents, so one walk from the end puts every node into its parent.
fn tree(nodes: &[Node], contents: Vec<Vec<Identifier>>) -> TagTree {
    let mut groups: Vec<Option<TagGroup>> = Vec::with_capacity(nodes.len());
    for (node, marks) in nodes.iter().zip(contents) {
        let mut group = TagGroup::new(tag(&node.role));
        for mark in marks {
            group.push(mark);
        }
        groups.push(Some(group));
    }
    let mut children: Vec<Vec<TagGroup>> = nodes.iter().map(|_| Vec::new()).collect();
    let mut roots = Vec::new();
    for at in (0..nodes.len()).rev() {
        let Some(mut group) = groups[at].take() else {
            continue;
        };
        for child in children[at].drain(..).rev() {
            group.push(child);
        }
        // A cell without content still counts as a column; any other empty node is nothing.
        let is_cell = matches!(nodes[at].role, Role::Cell | Role::ColumnHead | Role::RowHead);
        if group.children.is_empty() && !is_cell {
            continue;
        }
        match nodes[at].parent {
            Some(parent) => children[parent].push(group),
            None => roots.push(group),
        }
    }
    let mut tree = TagTree::new();
    for root in roots.into_iter().rev() {
        tree.push(root);
    }
    tree
}

fn tag(role: &Role) -> TagKind {
    match role {
        Role::Title(title) => Tag::Hn(NonZeroU16::MIN, Some(title.clone())).into(),
        Role::Section => Tag::Section.into(),
        Role::Paragraph => Tag::P.into(),
        Role::Table(summary) => Tag::Table.with_summary(Some(summary.clone())).into(),
        Role::Row => Tag::TR.into(),
        Role::ColumnHead => Tag::TH(TableHeaderScope::Column).into(),
        Role::RowHead => Tag::TH(TableHeaderScope::Row).into(),
        Role::Cell => Tag::TD.into(),
        Role::Figure(description) => Tag::Figure(Some(description.clone())).into(),
    }
}

fn metadata(document: &Document, look: &Look) -> Metadata {
    Metadata::new()
        .title(document.title.clone())
        .authors(vec![document.author.clone()])
        .language(look.language.tag().to_owned())
        .text_direction(TextDirection::LeftToRight)
        .creator("Kvitt".to_owned())
        .producer("Kvitt".to_owned())
        .creation_date(made_at(look))
}

fn made_at(look: &Look) -> DateTime {
    let utc = look.made_at.to_zoned(jiff::tz::TimeZone::UTC);
    // Every value is in its range; a year before 0 is not a year in which a PDF was made.
    let part = |value: i8| u8::try_from(value).unwrap_or(0);
    DateTime::new(u16::try_from(utc.year()).unwrap_or(0))
        .month(part(utc.month()))
        .day(part(utc.day()))
        .hour(part(utc.hour()))
        .minute(part(utc.minute()))
        .second(part(utc.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

fn embed_files(writer: &mut Writer, look: &Look, embed: &[Embedded]) -> Result<(), RenderError> {
    for file in embed {
        let mime_type = MimeType::new(&file.media_type).ok_or_else(|| RenderError::MediaType(file.media_type.clone()))?;
        let association_kind = match file.relationship {
            Relationship::Alternative => AssociationKind::Alternative,
            Relationship::Source => AssociationKind::Source,
            Relationship::Supplement => AssociationKind::Supplement,
        };
        let path = typeface::clean(&file.name).replace('\n', " ");
        let embedded = EmbeddedFile {
            description: Some(path.clone()),
            path,
            mime_type: Some(mime_type),
            association_kind,
            data: file.bytes.clone().into(),
            modification_date: Some(made_at(look)),
            compress: None,
            location: None,
        };
        writer.embed_file(embedded).ok_or_else(|| RenderError::SameName(file.name.clone()))?;
    }
    Ok(())
}
