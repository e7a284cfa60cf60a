#include "pyembed/request_object.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "engine/router/percent_decode.h"
#include "pyembed/argument_binder.h"
#include "pyembed/json_decoder.h"
#include "pyembed/multi_mapping.h"
#include "pyembed/py_util.h"

namespace turbo::pyembed {
namespace {

using engine::Exchange;

// Every part, in the order in which Part() must make them. Those up to kLastBase come from the
// exchange; the rest is made from them, and so also after the exchange has gone.
enum Field : std::size_t {
  kMethod,
  kPath,
  kRawPath,
  kQueryString,
  kHeaders,
  kClient,
  kBody,
  kPathParams,
  kLastBase = kPathParams,
  kQuery,
  kCookies,
  kState,
  kJson,
  kText,
  kFieldCount,
};

struct RequestObjectData {
  PyObject_HEAD Exchange*
      exchange;  // null once the response is finished; guarded by the object's critical section
  const ModuleState* state;       // of the module, which the type keeps alive
  PyObject* param_names;          // owned tuple, or null
  PyObject* fields[kFieldCount];  // owned, null until asked for; same guard
};

RequestObjectData& Data(PyObject* self) { return *reinterpret_cast<RequestObjectData*>(self); }

PyRef Bytes(std::string_view view) {
  return PyRef::Steal(PyBytes_FromStringAndSize(view.data(), static_cast<Py_ssize_t>(view.size())));
}

std::string_view BytesView(PyObject* bytes) {
  return {PyBytes_AS_STRING(bytes), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes))};
}

PyRef MakePath(std::string_view raw) {
  if (engine::ClassifyPath(raw) == engine::PathForm::kPlain) return TextFromBytes(raw);
  std::string decoded;
  engine::DecodePath(raw, decoded);
  for (char& c : decoded) {
    if (c == engine::kEncodedSlash) c = '/';
  }
  return TextFromBytes(decoded);
}

PyRef MakeHeaders(const ModuleState& state, std::span<const engine::HeaderField> fields) {
  PyRef pairs = PyRef::Steal(PyList_New(static_cast<Py_ssize_t>(fields.size())));
  if (!pairs) return {};
  std::string lower;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    lower.assign(fields[i].name);
    for (char& c : lower) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    const PyRef name = TextFromLatin1(lower);
    const PyRef value = TextFromLatin1(fields[i].value);
    PyObject* pair = name && value ? PyTuple_Pack(2, name.get(), value.get()) : nullptr;
    if (pair == nullptr) return {};
    PyList_SET_ITEM(pairs.get(), static_cast<Py_ssize_t>(i), pair);
  }
  return MakeMultiMapping(state.headers_type.get(), std::move(pairs));
}

PyRef MakeClient(const engine::PeerAddress* peer) {
  const std::string host = peer != nullptr ? peer->Host() : std::string();
  if (host.empty()) return PyRef::Borrow(Py_None);
  return PyRef::Steal(Py_BuildValue("(s#i)", host.data(), static_cast<Py_ssize_t>(host.size()),
                                    static_cast<int>(peer->Port())));
}

// Without UUID's class, which takes Python code.
PyRef MakeRawPathValue(const engine::PathValue& value) {
  if (value.kind == engine::PathKind::kInt) {
    if (value.fits) return PyRef::Steal(PyLong_FromLongLong(value.integer));
    const std::string digits(value.text);
    return PyRef::Steal(PyLong_FromString(digits.c_str(), nullptr, 10));
  }
  if (value.kind == engine::PathKind::kFloat) return PyRef::Steal(PyFloat_FromDouble(value.real));
  return TextFromBytes(value.text);
}

// While Python code runs, another thread may end the request: whatever views it is read first, then
// converted.
PyRef MakePathParams(const Exchange& exchange, PyObject* names) {
  PyRef dict = PyRef::Steal(PyDict_New());
  if (!dict || names == nullptr) return dict;
  const std::span<const engine::PathValue> values = exchange.path_values();
  const std::size_t count =
      std::min(values.size(), static_cast<std::size_t>(PyTuple_GET_SIZE(names)));
  std::array<bool, engine::kMaxPathParams> is_uuid{};
  for (std::size_t i = 0; i < count; ++i) {
    is_uuid[i] = values[i].kind == engine::PathKind::kUuid;
    const PyRef value = MakeRawPathValue(values[i]);
    PyObject* name = PyTuple_GET_ITEM(names, static_cast<Py_ssize_t>(i));
    if (!value || PyDict_SetItem(dict.get(), name, value.get()) < 0) return {};
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_uuid[i]) continue;
    PyObject* name = PyTuple_GET_ITEM(names, static_cast<Py_ssize_t>(i));
    const PyRef uuid = ImportAttribute("uuid", "UUID");
    const PyRef value = uuid ? PyRef::Steal(PyObject_CallOneArg(
                                   uuid.get(), PyDict_GetItemWithError(dict.get(), name)))
                             : PyRef();
    if (!value || PyDict_SetItem(dict.get(), name, value.get()) < 0) return {};
  }
  return dict;
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Cookie fields, RFC 6265 §4.2.1; names and values as they came, quotes around a value removed. The
// last of a name counts.
PyRef MakeCookies(PyObject* header_pairs) {
  PyRef cookies = PyRef::Steal(PyDict_New());
  for (Py_ssize_t i = 0; cookies && i < PyList_GET_SIZE(header_pairs); ++i) {
    PyObject* pair = PyList_GET_ITEM(header_pairs, i);
    if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(pair, 0), "cookie") != 0) continue;
    const std::optional<std::string_view> field = Utf8View(PyTuple_GET_ITEM(pair, 1));
    if (!field) return {};
    std::string_view rest = *field;
    while (!rest.empty()) {
      const std::string_view part = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
      const std::size_t equals = part.find('=');
      if (equals == std::string_view::npos) continue;
      std::string_view value = Trimmed(part.substr(equals + 1));
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
        value = value.substr(1, value.size() - 2);
      }
      const PyRef name = TextFromBytes(Trimmed(part.substr(0, equals)));
      const PyRef text = TextFromBytes(value);
      if (!name || !text || PyDict_SetItem(cookies.get(), name.get(), text.get()) < 0) return {};
    }
  }
  return cookies;
}

PyObject* FieldOf(PyObject* self, Field field);

PyRef MakeBaseField(RequestObjectData& data, Field field) {
  if (data.exchange == nullptr) {
    // Only if there was no memory to copy it when the response was finished.
    PyErr_SetString(PyExc_RuntimeError, "this part of the request was lost when it ended");
    return {};
  }
  const engine::Request& request = data.exchange->request();
  switch (field) {
    case kMethod:
      return TextFromLatin1(engine::MethodName(request.method));
    case kPath:
      return MakePath(request.path);
    case kRawPath:
      return Bytes(request.path);
    case kQueryString:
      return Bytes(request.query);
    case kHeaders:
      return MakeHeaders(*data.state, request.headers);
    case kClient:
      return MakeClient(request.peer);
    case kBody:
      return Bytes(request.body);
    default:
      return MakePathParams(*data.exchange, data.param_names);
  }
}

PyRef MakeField(PyObject* self, Field field) {
  RequestObjectData& data = Data(self);
  if (!data.state->namespace_type) {  // the interpreter is being finalised
    PyErr_SetString(PyExc_RuntimeError, "the interpreter is shutting down");
    return {};
  }
  switch (field) {
    case kQuery: {
      PyObject* query = FieldOf(self, kQueryString);
      PyRef pairs = query != nullptr ? ParseQueryPairs(BytesView(query)) : PyRef();
      return pairs ? MakeMultiMapping(data.state->query_params_type.get(), std::move(pairs))
                   : PyRef();
    }
    case kCookies: {
      PyObject* headers = FieldOf(self, kHeaders);
      return headers != nullptr ? MakeCookies(MultiMappingPairs(headers)) : PyRef();
    }
    case kState:
      return PyRef::Steal(PyObject_CallNoArgs(data.state->namespace_type.get()));
    case kJson: {
      PyObject* body = FieldOf(self, kBody);
      return body != nullptr ? DecodeJson(BytesView(body)) : PyRef();
    }
    case kText: {
      PyObject* body = FieldOf(self, kBody);
      if (body == nullptr) return {};
      return PyRef::Steal(
          PyUnicode_DecodeUTF8(PyBytes_AS_STRING(body), PyBytes_GET_SIZE(body), "strict"));
    }
    default:
      return MakeBaseField(data, field);
  }
}

// Borrowed; null with an exception set. In the object's critical section.
PyObject* FieldOf(PyObject* self, Field field) {
  if (Data(self).fields[field] == nullptr) {
    PyRef made = MakeField(self, field);
    // Making a part may run Python code, which may have made the same part.
    if (Data(self).fields[field] == nullptr) Data(self).fields[field] = made.Release();
  }
  return Data(self).fields[field];
}

PyObject* Locked(PyObject* self, Field field) {
  PyObject* value = nullptr;
  Py_BEGIN_CRITICAL_SECTION(self);
  value = Py_XNewRef(FieldOf(self, field));
  Py_END_CRITICAL_SECTION();
  return value;
}

template <Field Wanted>
PyObject* Getter(PyObject* self, void* /*closure*/) {
  return Locked(self, Wanted);
}

template <Field Wanted>
PyObject* Method(PyObject* self, PyObject* /*unused*/) {
  return Locked(self, Wanted);
}

PyObject* Represent(PyObject* self) {
  const PyRef method = PyRef::Steal(Locked(self, kMethod));
  const PyRef path = method ? PyRef::Steal(Locked(self, kPath)) : PyRef();
  return path ? PyUnicode_FromFormat("<Request %U %R>", method.get(), path.get()) : nullptr;
}

int Traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  for (PyObject* field : Data(self).fields) Py_VISIT(field);
  return 0;
}

int Clear(PyObject* self) {
  for (PyObject*& field : Data(self).fields) Py_CLEAR(field);
  return 0;
}

void Dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  Clear(self);
  Py_CLEAR(Data(self).param_names);
  type->tp_free(self);
  Py_DECREF(type);
}

}  // namespace

PyRef MakeRequestType(PyObject* module) {
  static PyGetSetDef getters[] = {
      {"method", Getter<kMethod>, nullptr, "GET and so on.", nullptr},
      {"path", Getter<kPath>, nullptr, "The path, percent-decoded.", nullptr},
      {"raw_path", Getter<kRawPath>, nullptr, "The path as it was received, as bytes.", nullptr},
      {"query_string", Getter<kQueryString>, nullptr,
       "The query as it was received, without '?', as bytes.", nullptr},
      {"query", Getter<kQuery>, nullptr, "The query's parameters, decoded.", nullptr},
      {"headers", Getter<kHeaders>, nullptr, "The header fields.", nullptr},
      {"cookies", Getter<kCookies>, nullptr, "The cookies, as a dict.", nullptr},
      {"client", Getter<kClient>, nullptr, "(host, port) of the peer, or None.", nullptr},
      {"body", Getter<kBody>, nullptr, "The whole body, as bytes.", nullptr},
      {"state", Getter<kState>, nullptr, "For the application's own use.", nullptr},
      {"path_params", Getter<kPathParams>, nullptr, "The path's parameters by name.", nullptr},
      {nullptr, nullptr, nullptr, nullptr, nullptr},
  };
  static PyMethodDef methods[] = {
      {"json", Method<kJson>, METH_NOARGS, "The body, decoded from JSON."},
      {"text", Method<kText>, METH_NOARGS, "The body, decoded from UTF-8."},
      {nullptr, nullptr, 0, nullptr},
  };
  PyType_Slot slots[] = {
      {Py_tp_dealloc, reinterpret_cast<void*>(Dealloc)},
      {Py_tp_traverse, reinterpret_cast<void*>(Traverse)},
      {Py_tp_clear, reinterpret_cast<void*>(Clear)},
      {Py_tp_repr, reinterpret_cast<void*>(Represent)},
      {Py_tp_getset, getters},
      {Py_tp_methods, methods},
      {Py_tp_doc, const_cast<char*>("A request; a handler gets it by a parameter annotated with "
                                    "this class. It may be kept after the answer.")},
      {0, nullptr},
  };
  PyType_Spec spec = {"turbo.Request", static_cast<int>(sizeof(RequestObjectData)), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
                          Py_TPFLAGS_DISALLOW_INSTANTIATION,
                      slots};
  return PyRef::Steal(PyType_FromModuleAndSpec(module, &spec, nullptr));
}

PyRef RequestScope::Object() {
  if (object_ == nullptr) {
    auto* type = reinterpret_cast<PyTypeObject*>(state_.request_type.get());
    object_ = type->tp_alloc(type, 0);
    if (object_ == nullptr) return {};
    RequestObjectData& data = Data(object_);
    data.exchange = &exchange_;
    data.state = &state_;
    data.param_names = Py_XNewRef(param_names_);
  }
  return PyRef::Borrow(object_);
}

void RequestScope::Part() noexcept {
  PyObject* object = std::exchange(object_, nullptr);
  const bool kept = !IsUniquelyReferenced(object);
  // Another thread may be reading it.
  Py_BEGIN_CRITICAL_SECTION(object);
  for (std::size_t field = 0; kept && field <= kLastBase; ++field) {
    if (FieldOf(object, static_cast<Field>(field)) == nullptr) PyErr_Clear();
  }
  Data(object).exchange = nullptr;
  Py_END_CRITICAL_SECTION();
  Py_DECREF(object);
}

PyRef RequestObject(Exchange& exchange) {
  if (exchange.user_data == nullptr) {
    PyErr_SetString(PyExc_SystemError, "RequestObject() outside of a RequestScope");
    return {};
  }
  return static_cast<RequestScope*>(exchange.user_data)->Object();
}

}  // namespace turbo::pyembed
