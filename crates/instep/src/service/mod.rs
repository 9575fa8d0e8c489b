//! Handlers of requests: to a Thing, to a board's pages, to files, and refusals.
//!
//! A handler takes a [`Request`] and returns its [`Outcome`]. No handler depends on a connection or a driver.

#[cfg(feature = "gateway")]
mod absence;
mod asking;
mod board;
mod body_remaining;
mod context;
mod event_id;
#[cfg(feature = "gateway")]
mod event_numbers;
mod folder;
mod form;
mod invoke;
#[cfg(feature = "gateway")]
mod mounts;
#[cfg(not(feature = "gateway"))]
#[path = "no_mounts.rs"]
mod mounts;
mod notices;
mod parts;
mod piecewise;
mod problem;
mod refusal;
mod request;
mod response;
mod rest;
mod several;
mod sse;
mod thing_service;
mod values;

#[cfg(feature = "gateway")]
pub(crate) use absence::answer_absence;
pub(crate) use board::BOARD_PAGE;
pub use board::{BoardPage, BoardPages, PAGE_PART_MAX};
pub(crate) use body_remaining::BodyRemaining;
pub(crate) use context::Context;
pub(crate) use event_id::greeting_frame;
#[cfg(feature = "gateway")]
pub use event_numbers::event_number;
pub(crate) use folder::file_of;
pub use folder::{FOLDER_FILES_MAX, FileContent, Files, Folder, FolderFile, Found};
pub(crate) use form::{FORM_MAX, may_act, whole_content};
pub(crate) use invoke::body_max;
pub use mounts::MountsRef;
#[cfg(feature = "gateway")]
pub use mounts::{Absence, Entry, Mounts, Stage};
pub(crate) use notices::OWN_FRAME_MAX;
pub(crate) use piecewise::{Next, Piecewise, Received};
#[cfg(feature = "update")]
pub(crate) use problem::{JSON, Problem, write_answer};
pub(crate) use refusal::{ask_for_https, log_limited, refuse};
pub(crate) use request::{Credential, Listening, Opening, Outcome, Pending, Request};
pub(crate) use response::{plain_text, redirect, redirect_with};
pub(crate) use rest::{Bodies, Resource};
pub(crate) use sse::Events;
pub(crate) use thing_service::ThingService;
