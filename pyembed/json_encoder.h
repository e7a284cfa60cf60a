// JSON straight from Python objects into an output buffer. Equal to json.dumps(value,
// ensure_ascii=False, separators=(",", ":"), allow_nan=False), UTF-8 encoded, except that a lone
// surrogate, which UTF-8 cannot carry, is written as its \uXXXX escape. Also encodes dataclass
// instances (as objects of their fields). What other threads change meanwhile is safe (each
// container is locked on free-threaded builds), and a dict that changes size meanwhile is a
// RuntimeError. Needs an attached thread state.
#pragma once

#include <Python.h>

#include "engine/http/output_buffer.h"

namespace turbo::pyembed {

/// Objects nested deeper than this raise ValueError.
inline constexpr int kMaxJsonDepth = 256;

/// Appends `value`. False with a Python exception set (TypeError: not serialisable, naming the
/// type; ValueError: NaN, infinity, circular or too deep), and then `out` may hold part of it.
bool EncodeJson(PyObject* value, engine::OutputBuffer& out);

}  // namespace turbo::pyembed
