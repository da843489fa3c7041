//! In which words: the words of languages, and templates.

#[cfg(feature = "templates")]
mod builtin;
#[cfg(feature = "templates")]
pub(crate) mod escaping;
#[cfg(feature = "templates")]
mod fuel;
#[cfg(feature = "templates")]
mod languages;
#[cfg(feature = "templates")]
mod loading;
#[cfg(feature = "templates")]
mod overriding;
#[cfg(feature = "templates")]
pub(crate) mod scene;
#[cfg(feature = "templates")]
mod variables;
mod words;
