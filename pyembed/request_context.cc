#include "pyembed/request_context.h"

#include <utility>

#include "pyembed/error_report.h"

namespace turbo::pyembed {

bool RequestContext::Reset(PyObject* base) {
  PyRef own = PyRef::Steal(PyContext_Copy(base));
  PyRef current = own ? PyRef::Steal(PyContext_Copy(own.get())) : PyRef();
  if (!current) return false;
  base_ = std::move(own);
  current_ = std::move(current);
  return true;
}

bool RequestContext::Enter() { return PyContext_Enter(current_.get()) == 0; }

void RequestContext::Exit() noexcept {
  if (PyContext_Exit(current_.get()) != 0) LogPendingException("A context cannot be left");
}

void RequestContext::Renew() noexcept {
  // Contexts are immutable maps inside: one that nobody has changed is found equal by comparing two
  // pointers. The slot itself is called because this is on every request's way, and
  // PyObject_RichCompare costs several times as much.
  const PyRef same =
      PyRef::Steal(PyContext_Type.tp_richcompare(current_.get(), base_.get(), Py_EQ));
  if (same.get() == Py_True) [[likely]]
    return;
  if (!same) PyErr_Clear();  // values that cannot be compared: changed, then
  PyRef fresh = PyRef::Steal(PyContext_Copy(base_.get()));
  if (!fresh) {
    LogPendingException(
        "There is no memory for a new context; the next request sees the last one's");
    return;
  }
  Exit();
  current_ = std::move(fresh);
  if (!Enter()) LogPendingException("A context cannot be entered");
}

}  // namespace turbo::pyembed
