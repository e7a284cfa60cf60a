#include "pyembed/dispatcher.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "engine/http/buffer_pool.h"
#include "engine/http/date_cache.h"
#include "engine/http/http_session.h"
#include "pyembed/native_gateway.h"
#include "pyembed/py_util.h"

namespace turbo::pyembed {
namespace {

// What a loop and one connection of it have, without the loop and the connection.
class InProcessConnection final : public engine::SessionDriver {
 public:
  explicit InProcessConnection(std::unique_ptr<NativeGateway> gateway)
      : gateway_(std::move(gateway)) {}

  [[nodiscard]] RequestContext& context() noexcept { return gateway_->context(); }

  /// Appends to `out` all that the session answers to `raw`.
  void Feed(std::string_view raw, engine::OutputBuffer& out) {
    context_.now = std::chrono::steady_clock::now();
    while (!raw.empty()) {
      if (!session_) session_.emplace(context_, *this, nullptr);
      const std::span<char> space = session_->ReadSpace();
      const std::size_t n = std::min(space.size(), raw.size());
      std::memcpy(space.data(), raw.data(), n);
      raw.remove_prefix(n);
      if (!Settle(session_->Receive(n, out), out)) {
        session_.reset();
        return;  // the connection is over: what else was sent is lost, as on a socket
      }
    }
  }

  void OnAppProgress() noexcept override {}

 private:
  // Goes on for as long as only the output was in the way. False: the connection has ended.
  bool Settle(engine::SessionState state, engine::OutputBuffer& out) {
    while (state == engine::SessionState::kBlocked) {
      // Output that a socket would have taken makes room for more.
      taken_.Append(out.view());
      out.Clear();
      state = session_->Resume(out);
    }
    if (!taken_.empty()) {
      taken_.Append(out.view());
      out = std::move(taken_);
      taken_ = engine::OutputBuffer();
    }
    return state == engine::SessionState::kReading;
  }

  std::unique_ptr<NativeGateway> gateway_;
  engine::HttpLimits limits_;
  engine::HttpTimeouts timeouts_;
  engine::BufferPool buffers_;
  engine::DateCache date_;
  engine::LoopCounters counters_;
  engine::SessionContext context_{.limits = limits_,
                                  .timeouts = timeouts_,
                                  .gateway = *gateway_,
                                  .buffers = buffers_,
                                  .date = date_,
                                  .counters = counters_};
  engine::OutputBuffer taken_;
  std::optional<engine::HttpSession> session_;  // empty between connections
};

struct Dispatcher {
  PyObject_HEAD InProcessConnection* connection;  // owned
  PyMutex mutex;                                  // guards `connection` and what it holds
  unsigned long user;                             // the thread that holds the mutex, or 0
};

Dispatcher& Self(PyObject* self) { return *reinterpret_cast<Dispatcher*>(self); }

PyObject* New(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  static const char* const names[] = {"app", nullptr};
  PyObject* app = nullptr;
  if (PyArg_ParseTupleAndKeywords(args, kwargs, "O:Dispatcher", const_cast<char**>(names), &app) ==
      0) {
    return nullptr;
  }
  const PyRef compile = ImportAttribute("turbo._compile", "compile_routes");
  const PyRef compiled = compile ? PyRef::Steal(PyObject_CallOneArg(compile.get(), app)) : PyRef();
  if (!compiled) return nullptr;
  std::unique_ptr<NativeGateway> gateway = NativeGateway::Create(compiled.get());
  if (!gateway) return nullptr;
  PyRef self = PyRef::Steal(type->tp_alloc(type, 0));
  if (!self) return nullptr;
  try {
    Self(self.get()).connection = new InProcessConnection(std::move(gateway));
  } catch (const std::exception&) {
    return PyErr_NoMemory();
  }
  return self.Release();
}

PyObject* Feed(Dispatcher& self, std::string_view raw) {
  const EnteredContext entered(self.connection->context());
  if (!entered.valid()) return nullptr;
  try {
    engine::OutputBuffer out;
    self.connection->Feed(raw, out);
    return PyBytes_FromStringAndSize(out.data(), static_cast<Py_ssize_t>(out.size()));
  } catch (const std::exception& error) {
    PyErr_Format(PyExc_RuntimeError, "the request could not be handled: %s", error.what());
    return nullptr;
  }
}

PyObject* RequestBytes(PyObject* object, PyObject* raw) {
  Dispatcher& self = Self(object);
  const unsigned long thread = PyThread_get_thread_ident();
  if (std::atomic_ref(self.user).load() == thread) {
    PyErr_SetString(PyExc_RuntimeError,
                    "a handler called the Dispatcher that is running it: use another one");
    return nullptr;
  }
  Py_buffer buffer;
  if (PyObject_GetBuffer(raw, &buffer, PyBUF_SIMPLE) < 0) return nullptr;
  PyMutex_Lock(&self.mutex);
  std::atomic_ref(self.user).store(thread);
  PyObject* answer =
      Feed(self, {static_cast<const char*>(buffer.buf), static_cast<std::size_t>(buffer.len)});
  std::atomic_ref(self.user).store(0);
  PyMutex_Unlock(&self.mutex);
  PyBuffer_Release(&buffer);
  return answer;
}

int Traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  return 0;
}

void Dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  delete Self(self).connection;
  type->tp_free(self);
  Py_DECREF(type);
}

}  // namespace

PyRef MakeDispatcherType(PyObject* module) {
  static PyMethodDef methods[] = {
      {"request_bytes", RequestBytes, METH_O,
       "request_bytes(raw): what the application answers to these bytes of a connection. The "
       "connection stays "
       "open from call to call until a request or an answer ends it; then a new one begins."},
      {nullptr, nullptr, 0, nullptr},
  };
  PyType_Slot slots[] = {
      {Py_tp_new, reinterpret_cast<void*>(New)},
      {Py_tp_dealloc, reinterpret_cast<void*>(Dealloc)},
      {Py_tp_traverse, reinterpret_cast<void*>(Traverse)},
      {Py_tp_methods, methods},
      {Py_tp_doc,
       const_cast<char*>("Dispatcher(app): runs an application on bytes, without a socket.")},
      {0, nullptr},
  };
  PyType_Spec spec = {"turbo.Dispatcher", static_cast<int>(sizeof(Dispatcher)), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, slots};
  return PyRef::Steal(PyType_FromModuleAndSpec(module, &spec, nullptr));
}

}  // namespace turbo::pyembed
