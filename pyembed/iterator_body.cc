#include "pyembed/iterator_body.h"

#include <optional>
#include <string_view>
#include <utility>

#include "pyembed/error_report.h"
#include "pyembed/py_util.h"

namespace turbo::pyembed {
namespace {

// A Context entered within the scope, or not if that is impossible: then what runs sees the loop's
// variables.
class Entered {
 public:
  explicit Entered(PyObject* context)
      : context_(PyContext_Enter(context) == 0 ? context : nullptr) {
    if (context_ == nullptr) PyErr_Clear();
  }
  ~Entered() {
    // Keeps what was raised within. Leaving fails only for a context that is not the current one.
    PyObject* raised = PyErr_GetRaisedException();
    if (context_ != nullptr && PyContext_Exit(context_) != 0) PyErr_Clear();
    PyErr_SetRaisedException(raised);
  }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

 private:
  PyObject* context_;
};

}  // namespace

IteratorBody::IteratorBody(PyRef iterator, PyRef context, std::string pattern)
    : iterator_(std::move(iterator)), context_(std::move(context)), pattern_(std::move(pattern)) {}

IteratorBody::~IteratorBody() {
  if (!iterator_) return;
  const Entered entered(context_.get());
  const PyRef close = PyRef::Steal(PyObject_GetAttrString(iterator_.get(), "close"));
  if (!close) {
    PyErr_Clear();
    return;
  }
  const PyRef result = PyRef::Steal(PyObject_CallNoArgs(close.get()));
  if (!result) LogPendingException("Closing the streamed body of " + pattern_ + " failed");
}

engine::BodySource::Status IteratorBody::Produce(engine::OutputBuffer& out) noexcept {
  if (!iterator_) return Status::kDone;
  const Entered entered(context_.get());
  return ProduceInContext(out);
}

engine::BodySource::Status IteratorBody::ProduceInContext(engine::OutputBuffer& out) noexcept {
  PyObject* item = PyIter_Next(iterator_.get());
  if (item == nullptr) {
    if (PyErr_Occurred() != nullptr) return Fail();
    iterator_ = PyRef();
    return Status::kDone;
  }
  const PyRef chunk = PyRef::Steal(item);
  if (PyUnicode_Check(item)) {
    const std::optional<std::string_view> text = Utf8View(item);
    if (!text) return Fail();
    out.Append(*text);
    return Status::kMore;
  }
  Py_buffer buffer;
  if (PyObject_CheckBuffer(item) == 0) {
    PyErr_Format(PyExc_TypeError, "a streamed body yields bytes or str, not %s",
                 TypeName(item).c_str());
    return Fail();
  }
  if (PyObject_GetBuffer(item, &buffer, PyBUF_SIMPLE) < 0) return Fail();
  out.Append({static_cast<const char*>(buffer.buf), static_cast<std::size_t>(buffer.len)});
  PyBuffer_Release(&buffer);
  return Status::kMore;
}

// The head has been sent: cutting the connection is the only way to tell the client.
engine::BodySource::Status IteratorBody::Fail() noexcept {
  LogPendingException("The streamed body of " + pattern_ + " failed; the connection is cut");
  return Status::kFailed;
}

}  // namespace turbo::pyembed
