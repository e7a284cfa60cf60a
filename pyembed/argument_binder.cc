#include "pyembed/argument_binder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/http/request.h"
#include "engine/router/router.h"
#include "pyembed/json_decoder.h"
#include "pyembed/params/error_list.h"
#include "pyembed/params/media_type.h"
#include "pyembed/params/node.h"
#include "pyembed/params/plan.h"
#include "pyembed/params/query_string.h"
#include "pyembed/params/scalar_nodes.h"

namespace turbo::pyembed {
namespace {

/// Where an argument comes from, in the order in which errors are told (FastAPI's).
enum class Source : std::uint8_t { kPath, kQuery, kQueryList, kJson, kBody, kRequest };

struct Argument {
  Source source = Source::kRequest;
  std::size_t position = 0;    ///< in the handler's signature
  std::size_t path_index = 0;  ///< kPath
  bool required = false;
  bool is_integer =
      false;  ///< kPath: `node` is an IntNode, so that the router's own integer will do
  const Node* node = nullptr;  ///< null for kBody and kRequest
  std::string name;            ///< kQuery, kQueryList: as it is in the query, decoded
  PyRef name_object;
  PyRef default_value;
};

constexpr std::string_view kMissing = "Field required";

/// A value of the query, undecoded; null if absent. Unlike a string_view it costs nothing until it
/// is set.
struct QueryValue {
  const char* data;
  std::size_t size;
};

/// The last value of each parameter of the query. Filled up to the number of query arguments only.
using QueryValues = std::array<QueryValue, ArgumentBinder::kMaxArguments>;

}  // namespace

struct ArgumentBinder::Impl {
  bool Add(PyObject* description, std::size_t position);
  bool AddFields(const std::string& source, PyObject* description, Argument& argument);
  void Sort();

  PyRef BindOne(const Argument& argument, engine::Exchange& exchange, Validation& validation) const;
  PyRef BindPath(const Argument& argument, const engine::PathValue& value,
                 Validation& validation) const;
  PyRef BindQuery(const Argument& argument, std::string_view last, std::string_view query,
                  Validation& validation) const;
  static PyRef QueryTexts(const Argument& argument, std::string_view query, const Location& where,
                          Validation& validation);
  PyRef BindJson(const Argument& argument, const engine::Request& request,
                 Validation& validation) const;
  PyRef DecodeBody(const engine::Request& request, Validation& validation) const;
  PyRef Default(const Argument& argument, const Location& where, Validation& validation) const;
  void ReadQuery(std::string_view query, QueryValues& values) const;

  Plan plan;
  std::vector<Argument> arguments;  ///< by source
  std::size_t query_begin = 0;  ///< arguments[query_begin .. query_end) are kQuery and kQueryList
  std::size_t query_end = 0;
  PyRef in_path;  ///< "path", "query", "body": first parts of a location
  PyRef in_query;
  PyRef in_body;
};

ArgumentBinder::ArgumentBinder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ArgumentBinder::~ArgumentBinder() = default;

std::unique_ptr<ArgumentBinder> ArgumentBinder::Compile(PyObject* arguments) {
  const PyRef list = PyRef::Steal(PySequence_List(arguments));
  if (!list) return nullptr;
  const auto count = static_cast<std::size_t>(PyList_GET_SIZE(list.get()));
  if (count > kMaxArguments) {
    PyErr_Format(PyExc_ValueError, "%zu arguments; at most %zu are possible", count, kMaxArguments);
    return nullptr;
  }
  auto impl = std::make_unique<Impl>();
  impl->in_path = PyRef::Steal(PyUnicode_InternFromString("path"));
  impl->in_query = PyRef::Steal(PyUnicode_InternFromString("query"));
  impl->in_body = PyRef::Steal(PyUnicode_InternFromString("body"));
  if (!impl->in_path || !impl->in_query || !impl->in_body) return nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    PyObject* description = PyList_GET_ITEM(list.get(), static_cast<Py_ssize_t>(i));
    if (!impl->Add(description, i)) {
      if (PyErr_Occurred() == nullptr) {
        PyErr_Format(PyExc_TypeError, "malformed description of an argument: %R", description);
      }
      return nullptr;
    }
  }
  impl->Sort();
  return std::unique_ptr<ArgumentBinder>(new ArgumentBinder(std::move(impl)));
}

bool ArgumentBinder::Impl::Add(PyObject* description, std::size_t position) {
  if (!PyTuple_Check(description) || PyTuple_GET_SIZE(description) == 0) return false;
  const char* source = PyUnicode_AsUTF8(PyTuple_GET_ITEM(description, 0));
  if (source == nullptr) return false;
  Argument argument;
  argument.position = position;
  if (!AddFields(source, description, argument)) return false;
  arguments.push_back(std::move(argument));
  return true;
}

bool ArgumentBinder::Impl::AddFields(const std::string& source, PyObject* description,
                                     Argument& argument) {
  if (source == "request" || source == "body") {
    argument.source = source == "body" ? Source::kBody : Source::kRequest;
    return true;
  }
  const char* ignored = nullptr;
  PyObject* node_plan = nullptr;
  PyObject* name = nullptr;
  PyObject* default_value = nullptr;
  int required = 1;
  if (source == "path") {
    argument.source = Source::kPath;
    Py_ssize_t index = 0;
    if (PyArg_ParseTuple(description, "snUO", &ignored, &index, &name, &node_plan) == 0)
      return false;
    if (index < 0 || index >= static_cast<Py_ssize_t>(engine::kMaxPathParams)) return false;
    argument.path_index = static_cast<std::size_t>(index);
  } else if (source == "query" || source == "query_list") {
    argument.source = source == "query" ? Source::kQuery : Source::kQueryList;
    if (PyArg_ParseTuple(description, "sUOpO", &ignored, &name, &node_plan, &required,
                         &default_value) == 0) {
      return false;
    }
  } else if (source == "json") {
    argument.source = Source::kJson;
    if (PyArg_ParseTuple(description, "sOpO", &ignored, &node_plan, &required, &default_value) ==
        0) {
      return false;
    }
  } else {
    return false;
  }
  argument.required = required != 0;
  argument.default_value = PyRef::Borrow(default_value);
  argument.node = plan.Build(node_plan);
  if (argument.node == nullptr) return false;
  argument.is_integer = dynamic_cast<const IntNode*>(argument.node) != nullptr;
  if (name != nullptr) {
    argument.name_object = PyRef::Borrow(name);
    const char* text = PyUnicode_AsUTF8(name);
    if (text == nullptr) return false;
    argument.name = text;
  }
  return true;
}

void ArgumentBinder::Impl::Sort() {
  // Errors are told by source, and in the order of the signature within one.
  const auto rank = [](const Argument& argument) {
    return argument.source == Source::kQueryList ? Source::kQuery : argument.source;
  };
  std::stable_sort(arguments.begin(), arguments.end(),
                   [&rank](const Argument& a, const Argument& b) { return rank(a) < rank(b); });
  const auto first_beyond = [this, &rank](Source source) {
    const auto place =
        std::find_if(arguments.begin(), arguments.end(),
                     [source, &rank](const Argument& a) { return rank(a) > source; });
    return static_cast<std::size_t>(place - arguments.begin());
  };
  query_begin = first_beyond(Source::kPath);
  query_end = first_beyond(Source::kQuery);
}

std::size_t ArgumentBinder::count() const { return impl_->arguments.size(); }

BindStatus ArgumentBinder::Bind(engine::Exchange& exchange, PyObject** args, PyRef& errors) const {
  const Impl& impl = *impl_;
  ErrorList error_list;
  Validation validation{.errors = error_list};
  QueryValues query_values;  // not initialised: read only where ReadQuery wrote
  if (impl.query_begin != impl.query_end) impl.ReadQuery(exchange.request().query, query_values);
  std::uint64_t bound = 0;  // bit i: args[i] is set
  bool raised = false;
  for (std::size_t i = 0; i < impl.arguments.size(); ++i) {
    const Argument& argument = impl.arguments[i];
    PyRef value;
    if (i >= impl.query_begin && i < impl.query_end) {
      const QueryValue last = query_values[i - impl.query_begin];
      value =
          impl.BindQuery(argument, {last.data, last.size}, exchange.request().query, validation);
    } else {
      value = impl.BindOne(argument, exchange, validation);
    }
    if (value) [[likely]] {
      args[argument.position] = value.Release();
      bound |= std::uint64_t{1} << argument.position;
    } else if (PyErr_Occurred() != nullptr) {
      raised = true;
      break;
    }
  }
  if (!raised && error_list.empty()) [[likely]]
    return BindStatus::kBound;
  PyRef exception = PyRef::Steal(PyErr_GetRaisedException());  // releasing may run code
  for (std::size_t i = 0; i < impl.arguments.size(); ++i) {
    if ((bound >> i & 1) != 0) Py_CLEAR(args[i]);
  }
  if (raised) {
    PyErr_SetRaisedException(exception.Release());
    return BindStatus::kRaised;
  }
  errors = error_list.Take();
  return BindStatus::kInvalid;
}

PyRef ArgumentBinder::Impl::BindOne(const Argument& argument, engine::Exchange& exchange,
                                    Validation& validation) const {
  const engine::Request& request = exchange.request();
  switch (argument.source) {
    case Source::kPath:
      if (argument.path_index >= exchange.path_values().size()) break;
      return BindPath(argument, exchange.path_values()[argument.path_index], validation);
    case Source::kQuery:
    case Source::kQueryList:
      break;  // Bind looks all of them up at once
    case Source::kJson:
      return BindJson(argument, request, validation);
    case Source::kBody:
      return PyRef::Steal(PyBytes_FromStringAndSize(request.body.data(),
                                                    static_cast<Py_ssize_t>(request.body.size())));
    case Source::kRequest:
      return RequestObject(exchange);
  }
  PyErr_SetString(PyExc_SystemError, "the handler's arguments do not go with the route's pattern");
  return {};
}

PyRef ArgumentBinder::Impl::BindPath(const Argument& argument, const engine::PathValue& value,
                                     Validation& validation) const {
  if (argument.is_integer && value.kind == engine::PathKind::kInt && value.fits) {
    return PyRef::Steal(PyLong_FromLongLong(value.integer));
  }
  const Location source{.key = in_path.get()};
  return argument.node->FromText(value.text, {.outer = &source, .key = argument.name_object.get()},
                                 validation);
}

PyRef ArgumentBinder::Impl::Default(const Argument& argument, const Location& where,
                                    Validation& validation) const {
  if (!argument.required) return argument.default_value.Copy();
  return Refuse(where, validation, "missing", kMissing);
}

void ArgumentBinder::Impl::ReadQuery(std::string_view query, QueryValues& values) const {
  const std::size_t wanted = query_end - query_begin;
  std::fill_n(values.begin(), wanted, QueryValue{nullptr, 0});
  std::string scratch;
  QueryCursor cursor(query);
  while (const std::optional<QueryPair> pair = cursor.Next()) {
    const std::string_view name = DecodeQueryText(pair->name, scratch);
    for (std::size_t i = 0; i < wanted; ++i) {
      if (arguments[query_begin + i].name == name) {
        values[i] = {pair->value.data(), pair->value.size()};
        break;
      }
    }
  }
}

// `last` is the last value of the parameter, null if there is none.
PyRef ArgumentBinder::Impl::BindQuery(const Argument& argument, std::string_view last,
                                      std::string_view query, Validation& validation) const {
  const Location source{.key = in_query.get()};
  const Location where{.outer = &source, .key = argument.name_object.get()};
  if (last.data() == nullptr) return Default(argument, where, validation);
  if (argument.source == Source::kQueryList) {
    const PyRef texts = QueryTexts(argument, query, where, validation);
    return texts ? argument.node->FromJson(texts.get(), where, validation) : PyRef();
  }
  std::string scratch;
  return argument.node->FromText(DecodeQueryText(last, scratch), where, validation);
}

// All values of the parameter, as a list of str.
PyRef ArgumentBinder::Impl::QueryTexts(const Argument& argument, std::string_view query,
                                       const Location& where, Validation& validation) {
  PyRef texts = PyRef::Steal(PyList_New(0));
  if (!texts) return {};
  std::string scratch;
  Py_ssize_t refused = 0;
  QueryCursor cursor(query);
  while (const std::optional<QueryPair> pair = cursor.Next()) {
    if (DecodeQueryText(pair->name, scratch) != argument.name) continue;
    const Location at{.outer = &where, .index = PyList_GET_SIZE(texts.get()) + refused};
    const PyRef text = MakeText(DecodeQueryText(pair->value, scratch), at, validation);
    if (!text) {
      if (PyErr_Occurred() != nullptr) return {};
      ++refused;
    } else if (PyList_Append(texts.get(), text.get()) != 0) {
      return {};
    }
  }
  return refused > 0 ? PyRef() : std::move(texts);
}

PyRef ArgumentBinder::Impl::BindJson(const Argument& argument, const engine::Request& request,
                                     Validation& validation) const {
  const Location where{.key = in_body.get()};
  if (request.body.empty()) return Default(argument, where, validation);
  const PyRef value = DecodeBody(request, validation);
  if (!value) return {};
  // As FastAPI has it: null stands for no body.
  if (value.get() == Py_None) return Default(argument, where, validation);
  return argument.node->FromJson(value.get(), where, validation);
}

PyRef ArgumentBinder::Impl::DecodeBody(const engine::Request& request,
                                       Validation& validation) const {
  // As FastAPI has it: without a content type the body is taken for JSON, with another one it is
  // bytes, which the type refuses.
  const std::string_view type = request.Header("content-type");
  if (!type.empty() && !IsJsonMediaType(type)) {
    return PyRef::Steal(PyBytes_FromStringAndSize(request.body.data(),
                                                  static_cast<Py_ssize_t>(request.body.size())));
  }
  PyRef value = DecodeJson(request.body);
  if (value) return value;
  if (PyErr_ExceptionMatches(PyExc_ValueError) == 0 &&
      PyErr_ExceptionMatches(PyExc_RecursionError) == 0) {
    return {};
  }
  // The decoder's message ends with the place: "... at byte 17".
  const std::string message = TakeExceptionText();
  constexpr std::string_view kMark = "at byte ";
  Py_ssize_t place = 0;
  if (const std::size_t mark = message.rfind(kMark); mark != std::string::npos) {
    const char* begin = message.data() + mark + kMark.size();
    std::from_chars(begin, message.data() + message.size(), place);
  }
  const Location body{.key = in_body.get()};
  return Refuse({.outer = &body, .index = place}, validation, "json_invalid", "JSON decode error");
}

}  // namespace turbo::pyembed
