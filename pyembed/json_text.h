// Scalars as JSON text, exactly as json.dumps(..., ensure_ascii=False) writes them. None of these
// runs Python code; all may throw bad_alloc.
#pragma once

#include <Python.h>

#include <cstdint>

#include "pyembed/json_sink.h"

namespace turbo::pyembed {

/// A quoted string of a str's characters, UTF-8 encoded straight from its storage. A lone surrogate
/// becomes \uXXXX.
void WriteJsonString(JsonSink& sink, PyObject* text);

void WriteJsonInteger(JsonSink& sink, std::int64_t value);

/// As float.__repr__ has it: the shortest digits that read back as `value`, which is finite.
void WriteJsonDouble(JsonSink& sink, double value);

}  // namespace turbo::pyembed
