#include "pyembed/error_report.h"

#include <spdlog/spdlog.h>

#include <exception>

#include "pyembed/py_util.h"
#include "pyembed/thread_state.h"

namespace turbo::pyembed {
namespace {

// "".join(traceback.<function>(exception)), or empty with an exception set.
PyRef JoinedLines(const char* function, PyObject* exception) {
  const PyRef format = ImportAttribute("traceback", function);
  if (!format) return {};
  const PyRef lines = PyRef::Steal(PyObject_CallOneArg(format.get(), exception));
  if (!lines) return {};
  const PyRef separator = PyRef::Steal(PyUnicode_FromStringAndSize(nullptr, 0));
  if (!separator) return {};
  return PyRef::Steal(PyUnicode_Join(separator.get(), lines.get()));
}

std::string Formatted(const char* function, PyObject* exception) noexcept {
  const PyRef joined = JoinedLines(function, exception);
  if (!joined) {
    PyErr_Clear();
    return TypeName(exception);  // e.g. no memory left for a traceback
  }
  std::string text = DisplayText(joined.get());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

std::string FormatException(PyObject* exception) noexcept {
  return Formatted("format_exception", exception);
}

std::string ExceptionSummary(PyObject* exception) noexcept {
  return Formatted("format_exception_only", exception);
}

void LogError(std::string_view text) noexcept {
  const DetachedScope detached;
  try {
    spdlog::error("{}", text);
  } catch (const std::exception&) {
    return;  // the log itself is broken; the service goes on
  }
}

void LogException(std::string_view what, PyObject* exception) noexcept {
  std::string text(what);
  text += '\n';
  text += FormatException(exception);
  LogError(text);
}

void LogPendingException(std::string_view what) noexcept {
  const PyRef exception = PyRef::Steal(PyErr_GetRaisedException());
  if (exception) LogException(what, exception.get());
}

}  // namespace turbo::pyembed
