#include "pyembed/response_conversion.h"

#include <array>
#include <optional>
#include <utility>

#include "pyembed/iterator_body.h"
#include "pyembed/json_encoder.h"
#include "pyembed/py_util.h"

namespace turbo::pyembed {
namespace {

using engine::Exchange;
using engine::ResponseHead;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kBinary = "application/octet-stream";

bool IsSubtype(PyObject* value, const PyRef& type) {
  return PyType_IsSubtype(Py_TYPE(value), reinterpret_cast<PyTypeObject*>(type.get())) != 0;
}

bool IsDataclassInstance(PyObject* value) {
  if (PyType_Check(value)) return false;
  return PyObject_HasAttrString(reinterpret_cast<PyObject*>(Py_TYPE(value)),
                                "__dataclass_fields__") != 0;
}

// A status that ends a request (RFC 9110 §15): 1xx announces another one, and beyond 599 there are
// none.
std::optional<int> FinalStatus(PyObject* value) {
  if (!PyLong_Check(value) || PyBool_Check(value)) {
    PyErr_Format(PyExc_TypeError, "the status of a response is an int, not %s",
                 TypeName(value).c_str());
    return std::nullopt;
  }
  int overflow = 0;
  const long status = PyLong_AsLongAndOverflow(value, &overflow);
  if (overflow != 0 || status < 200 || status > 599) {
    PyErr_Format(PyExc_ValueError, "the status of a response is 200 to 599, not %S", value);
    return std::nullopt;
  }
  return static_cast<int>(status);
}

}  // namespace

std::unique_ptr<ResponseConverter> ResponseConverter::Create() {
  std::unique_ptr<ResponseConverter> converter(new ResponseConverter());
  const std::array<std::pair<PyRef*, std::pair<const char*, const char*>>, 4> types = {{
      {&converter->response_, {"turbo.responses", "Response"}},
      {&converter->json_response_, {"turbo.responses", "JSONResponse"}},
      {&converter->streaming_response_, {"turbo.responses", "StreamingResponse"}},
      {&converter->http_error_, {"turbo.errors", "HTTPError"}},
  }};
  for (const auto& [type, place] : types) {
    *type = ImportAttribute(place.first, place.second);
    if (!*type) return nullptr;
  }
  Names& names = converter->names_;
  const std::array<std::pair<PyRef*, const char*>, 6> attributes = {
      {{&names.content, "content"},
       {&names.status, "status"},
       {&names.media_type, "media_type"},
       {&names.headers, "_headers"},
       {&names.detail, "detail"},
       {&names.items, "items"}}};
  for (const auto& [attribute, text] : attributes) {
    *attribute = PyRef::Steal(PyUnicode_InternFromString(text));
    if (!*attribute) return nullptr;
  }
  return converter;
}

bool ResponseConverter::Answer(Exchange& exchange, PyObject* value, RouteAnswer& route) {
  if (PyDict_CheckExact(value) || PyList_CheckExact(value)) [[likely]] {
    return AnswerJson(exchange, value, route.status, route.length_digits);
  }
  fields_.clear();
  const bool answered = PyTuple_CheckExact(value)
                            ? AnswerTuple(exchange, value, route)
                            : AnswerValue(exchange, value, Outline{.status = route.status}, route);
  fields_.clear();
  kept_.clear();
  return answered;
}

bool ResponseConverter::AnswerJson(Exchange& exchange, PyObject* value, const ResponseHead& head,
                                   std::uint8_t& length_digits) {
  if (EncodeJson(value, exchange.BeginBody(head, length_digits))) {
    exchange.EndBody();
    return true;
  }
  exchange.AbandonBody();
  return false;
}

bool ResponseConverter::AnswerTuple(Exchange& exchange, PyObject* tuple, RouteAnswer& route) {
  const Py_ssize_t size = PyTuple_GET_SIZE(tuple);
  if (size != 2 && size != 3) {
    PyErr_Format(PyExc_TypeError,
                 "the handler of %s returned a tuple of %zd: return (value, status), "
                 "(value, status, headers), or a list",
                 route.pattern.c_str(), size);
    return false;
  }
  const std::optional<int> status = FinalStatus(PyTuple_GET_ITEM(tuple, 1));
  if (!status) return false;
  Outline outline{.status = *status, .status_given = true};
  if (size == 3 && !AddHeaders(PyTuple_GET_ITEM(tuple, 2), outline)) return false;
  return AnswerValue(exchange, PyTuple_GET_ITEM(tuple, 0), outline, route);
}

bool ResponseConverter::AnswerValue(Exchange& exchange, PyObject* value, Outline outline,
                                    RouteAnswer& route) {
  if (PyDict_Check(value) || PyList_Check(value) || PyLong_Check(value) || PyFloat_Check(value) ||
      (PyTuple_Check(value) && !PyTuple_CheckExact(value))) {
    return AnswerJson(exchange, value, Head(outline, kJson), route.length_digits);
  }
  if (PyUnicode_Check(value)) return AnswerBytes(exchange, value, Head(outline, kText));
  if (PyBytes_Check(value) || PyByteArray_Check(value) || PyMemoryView_Check(value)) {
    return AnswerBytes(exchange, value, Head(outline, kBinary));
  }
  if (Py_IsNone(value)) {
    if (!outline.status_given && outline.status == 200) outline.status = 204;
    exchange.Respond(Head(outline, {}), {});
    return true;
  }
  if (IsSubtype(value, response_)) return AnswerResponse(exchange, value, outline, route);
  if (IsDataclassInstance(value)) {
    return AnswerJson(exchange, value, Head(outline, kJson), route.length_digits);
  }
  PyErr_Format(
      PyExc_TypeError,
      "the handler of %s returned %s, which is no response: return a dict, list, str, bytes, None, "
      "number, dataclass, (value, status), or a turbo.Response",
      route.pattern.c_str(), TypeName(value).c_str());
  return false;
}

bool ResponseConverter::AnswerResponse(Exchange& exchange, PyObject* response, Outline outline,
                                       RouteAnswer& route) {
  const PyRef content = PyRef::Steal(PyObject_GetAttr(response, names_.content.get()));
  PyRef status = PyRef::Steal(PyObject_GetAttr(response, names_.status.get()));
  PyRef media_type = PyRef::Steal(PyObject_GetAttr(response, names_.media_type.get()));
  const PyRef headers = PyRef::Steal(PyObject_GetAttr(response, names_.headers.get()));
  if (!content || !status || !media_type || !headers) return false;
  if (!outline.status_given) {
    const std::optional<int> final_status = FinalStatus(status.get());
    if (!final_status) return false;
    outline.status = *final_status;
  }
  if (!AddHeaders(headers.get(), outline)) return false;
  std::string_view content_type;
  if (!Py_IsNone(media_type.get())) {
    if (!FieldText(media_type.get(), names_.media_type.get(), content_type)) return false;
  }
  const ResponseHead head = Head(outline, content_type);
  if (IsSubtype(response, streaming_response_)) {
    return AnswerStream(exchange, content.get(), head, route);
  }
  if (IsSubtype(response, json_response_)) {
    return AnswerJson(exchange, content.get(), head, route.length_digits);
  }
  return AnswerBytes(exchange, content.get(), head);
}

bool ResponseConverter::AnswerStream(Exchange& exchange, PyObject* content,
                                     const ResponseHead& head, const RouteAnswer& route) {
  PyRef iterator = PyRef::Steal(PyObject_GetIter(content));
  PyRef context = iterator ? PyRef::Steal(PyContext_CopyCurrent()) : PyRef();
  if (!context) return false;
  exchange.Stream(
      head, std::make_unique<IteratorBody>(std::move(iterator), std::move(context), route.pattern));
  return true;
}

bool ResponseConverter::AnswerBytes(Exchange& exchange, PyObject* content,
                                    const ResponseHead& head) {
  if (PyUnicode_Check(content)) {
    const std::optional<std::string_view> text = Utf8View(content);
    if (!text) return false;
    exchange.Respond(head, *text);
    return true;
  }
  Py_buffer buffer;
  if (PyObject_GetBuffer(content, &buffer, PyBUF_SIMPLE) < 0) return false;
  exchange.Respond(head,
                   {static_cast<const char*>(buffer.buf), static_cast<std::size_t>(buffer.len)});
  PyBuffer_Release(&buffer);
  return true;
}

bool ResponseConverter::IsHttpError(PyObject* exception) const noexcept {
  return IsSubtype(exception, http_error_);
}

bool ResponseConverter::AnswerHttpError(Exchange& exchange, PyObject* error) {
  const PyRef status = PyRef::Steal(PyObject_GetAttr(error, names_.status.get()));
  const PyRef detail = PyRef::Steal(PyObject_GetAttr(error, names_.detail.get()));
  const PyRef headers = PyRef::Steal(PyObject_GetAttr(error, names_.headers.get()));
  if (!status || !detail || !headers) return false;
  const std::optional<int> final_status = FinalStatus(status.get());
  if (!final_status) return false;
  const PyRef body = PyRef::Steal(PyDict_New());
  if (!body || PyDict_SetItem(body.get(), names_.detail.get(), detail.get()) < 0) return false;
  fields_.clear();
  Outline outline{.status = *final_status, .status_given = true};
  std::uint8_t length_digits = 2;
  const bool answered = AddHeaders(headers.get(), outline) &&
                        AnswerJson(exchange, body.get(), Head(outline, kJson), length_digits);
  fields_.clear();
  kept_.clear();
  return answered;
}

// A mapping, or an iterable of pairs.
bool ResponseConverter::AddHeaders(PyObject* source, Outline& outline) {
  if (Py_IsNone(source)) return true;
  PyObject* pairs = nullptr;
  if (PyList_CheckExact(source)) {
    pairs = PyList_GetSlice(source, 0, PY_SSIZE_T_MAX);  // ours: nobody else changes it meanwhile
  } else if (PyDict_Check(source) || PyObject_HasAttr(source, names_.items.get()) != 0) {
    pairs = PyMapping_Items(source);
  } else {
    pairs = PySequence_List(source);
  }
  if (pairs == nullptr) return false;
  kept_.push_back(PyRef::Steal(pairs));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(pairs); ++i) {
    if (!AddField(PyList_GET_ITEM(pairs, i), outline)) return false;
  }
  return true;
}

bool ResponseConverter::AddField(PyObject* pair, Outline& outline) {
  if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
    PyErr_Format(PyExc_TypeError, "headers are a mapping or pairs of (name, value); %R is neither",
                 pair);
    return false;
  }
  PyObject* name = PyTuple_GET_ITEM(pair, 0);
  engine::HeaderField field;
  if (!FieldText(name, name, field.name) ||
      !FieldText(PyTuple_GET_ITEM(pair, 1), name, field.value)) {
    return false;
  }
  if (!engine::IsValidFieldName(field.name)) {
    PyErr_Format(PyExc_ValueError, "%R is no name of a header field (RFC 9110 section 5.1)", name);
    return false;
  }
  if (engine::EqualsIgnoreCase(field.name, "content-type")) outline.has_content_type = true;
  fields_.push_back(field);
  return true;
}

// The bytes of a field's name or value: Latin-1 as readers expect (RFC 9110 §5.5), UTF-8 if Latin-1
// cannot carry it.
bool ResponseConverter::FieldText(PyObject* text, PyObject* name, std::string_view& view) {
  if (PyUnicode_Check(text) && PyUnicode_IS_ASCII(text)) {
    view = {static_cast<const char*>(PyUnicode_DATA(text)),
            static_cast<std::size_t>(PyUnicode_GET_LENGTH(text))};
  } else {
    PyRef bytes;
    if (PyUnicode_Check(text)) {
      bytes = PyRef::Steal(PyUnicode_AsLatin1String(text));
      if (!bytes) {
        PyErr_Clear();
        bytes = PyRef::Steal(PyUnicode_AsUTF8String(text));
      }
    } else if (PyBytes_Check(text)) {
      bytes = PyRef::Borrow(text);
    } else {
      PyErr_Format(PyExc_TypeError, "header %R: names and values are str, not %s", name,
                   TypeName(text).c_str());
    }
    if (!bytes) return false;
    view = {PyBytes_AS_STRING(bytes.get()),
            static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.get()))};
    kept_.push_back(std::move(bytes));
  }
  if (!engine::IsValidFieldValue(view)) {
    PyErr_Format(PyExc_ValueError,
                 "header %R holds CR, LF, NUL or another character that may not be sent", name);
    return false;
  }
  return true;
}

}  // namespace turbo::pyembed
