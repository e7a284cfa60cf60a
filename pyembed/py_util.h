// Small helpers around the C API, shared by this folder. All need an attached thread state; what
// fails leaves a Python exception set unless it says otherwise.
#pragma once

#include <Python.h>

#include <optional>
#include <string>
#include <string_view>

#include "pyembed/py_ref.h"

namespace turbo::pyembed {

/// `module.name`, importing the module. Empty with an exception set on failure.
PyRef ImportAttribute(const char* module, const char* name);

/// The UTF-8 text of a `str`, which lives as long as the object; nullopt with an exception set (not
/// a str, surrogates).
std::optional<std::string_view> Utf8View(PyObject* text);

/// `str(object)` for messages; never fails and leaves no exception set.
std::string DisplayText(PyObject* object) noexcept;

/// "list" or "module.Class": the type of `object`, for messages. Leaves no exception set.
std::string TypeName(PyObject* object) noexcept;

/// A `str` from bytes that need not be UTF-8: as UTF-8 if they are, with replacement characters
/// otherwise.
PyRef TextFromBytes(std::string_view bytes);

/// A `str` with one character for each byte (ISO 8859-1): how header fields are read (RFC 9110
/// §5.5).
PyRef TextFromLatin1(std::string_view bytes);

/// True if this thread is the only one that can reach `object`, by the one reference that the
/// caller holds.
bool IsUniquelyReferenced(PyObject* object) noexcept;

/// Asks a free-threaded build for deferred reference counts on an object that several threads
/// share. Does nothing where there is no such thing.
void ShareAcrossThreads(PyObject* object) noexcept;

/// Whether the GIL is on in the running interpreter.
bool GilEnabled() noexcept;

}  // namespace turbo::pyembed
