// The body of a StreamingResponse: what a Python iterator yields, bytes or str, one item at a time
// and only as the client takes it. Runs in a copy of the context variables that the handler left.
// Loop thread, attached.
#pragma once

#include <Python.h>

#include <string>

#include "engine/http/response.h"
#include "pyembed/py_ref.h"

namespace turbo::pyembed {

class IteratorBody final : public engine::BodySource {
 public:
  /// `context` is a contextvars.Context of its own; `pattern` is the route's, for messages.
  IteratorBody(PyRef iterator, PyRef context, std::string pattern);
  /// Calls the iterator's close() if it has one and has not ended, so that a generator's `finally`
  /// runs now.
  ~IteratorBody() override;

  Status Produce(engine::OutputBuffer& out) noexcept override;

 private:
  Status ProduceInContext(engine::OutputBuffer& out) noexcept;
  Status Fail() noexcept;

  PyRef iterator_;  // empty once it has ended
  PyRef context_;
  std::string pattern_;
};

}  // namespace turbo::pyembed
