// What happens to a Python exception that nobody handles: it is logged once, with its traceback.
// Needs an attached thread state.
#pragma once

#include <string>
#include <string_view>

#include "pyembed/py_ref.h"

namespace turbo::pyembed {

/// The traceback of `exception`, as Python prints it, without a line break at its end. Leaves no
/// exception set.
std::string FormatException(PyObject* exception) noexcept;

/// Its last line alone: "ValueError: no such thing".
std::string ExceptionSummary(PyObject* exception) noexcept;

/// Logs "`what`" and the traceback as one error record. Detached while it writes: the log may be
/// slow.
void LogException(std::string_view what, PyObject* exception) noexcept;

/// The same for the pending exception, which is cleared. Nothing if there is none.
void LogPendingException(std::string_view what) noexcept;

/// Writes one error or warning record, detached.
void LogError(std::string_view text) noexcept;

}  // namespace turbo::pyembed
