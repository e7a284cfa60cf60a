#include "pyembed/native_gateway.h"

#include <array>
#include <optional>
#include <utility>

#include "pyembed/error_report.h"
#include "pyembed/py_util.h"
#include "pyembed/request_object.h"

namespace turbo::pyembed {
namespace {

using engine::Exchange;
using engine::ResponseHead;

constexpr std::string_view kInternalError = R"({"detail":"Internal Server Error"})";

void RaiseConfigurationError(const std::string& message) {
  const PyRef type = ImportAttribute("turbo.errors", "ConfigurationError");
  if (type) PyErr_SetString(type.get(), message.c_str());
}

PyRef Attribute(PyObject* object, const char* name) {
  return PyRef::Steal(PyObject_GetAttrString(object, name));
}

std::optional<std::string> TextAttribute(PyObject* object, const char* name) {
  const PyRef value = Attribute(object, name);
  const std::optional<std::string_view> text = value ? Utf8View(value.get()) : std::nullopt;
  if (!text) return std::nullopt;
  return std::string(*text);
}

std::optional<engine::MethodSet> Methods(PyObject* names) {
  const PyRef list = PyRef::Steal(PySequence_List(names));
  if (!list) return std::nullopt;
  engine::MethodSet methods;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.get()); ++i) {
    const std::optional<std::string_view> name = Utf8View(PyList_GET_ITEM(list.get(), i));
    if (!name) return std::nullopt;
    const std::optional<engine::Method> method = engine::MethodFromName(*name);
    if (!method) {
      RaiseConfigurationError(std::string(*name).append(" is no HTTP method that turbo knows"));
      return std::nullopt;
    }
    methods.Add(*method);
  }
  return methods;
}

PyRef ParamNames(const std::string& pattern) {
  const auto params = engine::Router::ParsePattern(pattern);
  if (!params) {
    RaiseConfigurationError(params.error().message);
    return {};
  }
  PyRef names = PyRef::Steal(PyTuple_New(static_cast<Py_ssize_t>(params->size())));
  for (std::size_t i = 0; names && i < params->size(); ++i) {
    PyObject* name = PyUnicode_InternFromString((*params)[i].name.c_str());
    if (name == nullptr) return {};
    PyTuple_SET_ITEM(names.get(), static_cast<Py_ssize_t>(i), name);
  }
  return names;
}

}  // namespace

std::unique_ptr<NativeGateway> NativeGateway::Create(PyObject* compiled) {
  std::unique_ptr<NativeGateway> gateway(new NativeGateway());
  gateway->module_ = ImportTurboModule();
  if (!gateway->module_) return nullptr;
  gateway->state_ = StateOfModule(gateway->module_.get());
  gateway->converter_ = ResponseConverter::Create();
  if (!gateway->converter_) return nullptr;
  const PyRef context = PyRef::Steal(PyContext_CopyCurrent());
  if (!context || !gateway->context_.Reset(context.get())) return nullptr;
  const PyRef handlers = Attribute(compiled, "exception_handlers");
  if (!handlers) return nullptr;
  gateway->exception_handlers_ = PyRef::Steal(PyDict_Copy(handlers.get()));
  if (!gateway->exception_handlers_) return nullptr;
  if (!gateway->SetTrailingSlash(compiled) || !gateway->AddRoutes(compiled)) return nullptr;
  return gateway;
}

bool NativeGateway::SetTrailingSlash(PyObject* compiled) {
  const std::optional<std::string> policy = TextAttribute(compiled, "trailing_slash");
  if (!policy) return false;
  using engine::TrailingSlash;
  constexpr std::array<std::pair<std::string_view, TrailingSlash>, 3> kPolicies = {
      {{"redirect", TrailingSlash::kRedirect},
       {"ignore", TrailingSlash::kIgnore},
       {"strict", TrailingSlash::kStrict}}};
  for (const auto& [name, value] : kPolicies) {
    if (name == *policy) {
      router_.SetTrailingSlash(value);
      return true;
    }
  }
  RaiseConfigurationError("trailing_slash is redirect, ignore or strict, not " + *policy);
  return false;
}

bool NativeGateway::AddRoutes(PyObject* compiled) {
  const PyRef routes = Attribute(compiled, "routes");
  const PyRef list = routes ? PyRef::Steal(PySequence_List(routes.get())) : PyRef();
  if (!list) return false;
  routes_.reserve(static_cast<std::size_t>(PyList_GET_SIZE(list.get())));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.get()); ++i) {
    if (!AddRoute(PyList_GET_ITEM(list.get(), i))) return false;
  }
  return true;
}

bool NativeGateway::AddRoute(PyObject* spec) {
  const PyRef names = Attribute(spec, "method_names");
  const std::optional<engine::MethodSet> methods = names ? Methods(names.get()) : std::nullopt;
  std::optional<std::string> pattern = TextAttribute(spec, "pattern");
  const PyRef status = Attribute(spec, "status");
  const PyRef arguments = Attribute(spec, "arguments");
  if (!methods || !pattern || !status || !arguments) return false;
  Route route;
  route.handler = Attribute(spec, "handler");
  if (!route.handler) return false;
  ShareAcrossThreads(route.handler.get());
  route.answer.status = static_cast<int>(PyLong_AsLong(status.get()));
  if (PyErr_Occurred() != nullptr) return false;
  route.binder = ArgumentBinder::Compile(arguments.get());
  if (!route.binder) return false;
  route.param_names = ParamNames(*pattern);
  if (!route.param_names) return false;
  const auto added = router_.Add(*methods, *pattern, static_cast<engine::RouteId>(routes_.size()));
  if (!added) {
    RaiseConfigurationError(added.error().message);
    return false;
  }
  route.answer.pattern = std::move(*pattern);
  routes_.push_back(std::move(route));
  return true;
}

void NativeGateway::Handle(Exchange& exchange) noexcept {
  HandleInContext(exchange, routes_[exchange.route()]);
  context_.Renew();
}

void NativeGateway::HandleInContext(Exchange& exchange, Route& route) noexcept {
  const RequestScope scope(exchange, *state_, route.param_names.get());
  // One more place before the arguments: PY_VECTORCALL_ARGUMENTS_OFFSET lends it to bound methods.
  std::array<PyObject*, ArgumentBinder::kMaxArguments + 1> stack;
  PyObject** const args = stack.data() + 1;
  PyRef errors;
  switch (route.binder->Bind(exchange, args, errors)) {
    case BindStatus::kBound:
      break;
    case BindStatus::kInvalid: {
      const PyRef body = PyRef::Steal(Py_BuildValue("{s:O}", "detail", errors.get()));
      std::uint8_t length_digits = 3;
      if (body && ResponseConverter::AnswerJson(exchange, body.get(), 422, length_digits)) return;
      AnswerException(exchange, route);
      return;
    }
    case BindStatus::kRaised:
      AnswerException(exchange, route);
      return;
  }
  const std::size_t count = route.binder->count();
  PyObject* result = PyObject_Vectorcall(route.handler.get(), args,
                                         count | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr);
  for (std::size_t i = 0; i < count; ++i) Py_DECREF(args[i]);
  if (result == nullptr) [[unlikely]] {
    AnswerException(exchange, route);
    return;
  }
  if (!converter_->Answer(exchange, result, route.answer)) [[unlikely]] {
    AnswerException(exchange, route);
  }
  Py_DECREF(result);
}

void NativeGateway::AnswerException(Exchange& exchange, Route& route) noexcept {
  PyRef exception = PyRef::Steal(PyErr_GetRaisedException());
  if (!exception) {  // something failed without saying why
    PyErr_SetString(PyExc_SystemError, "no exception was set");
    exception = PyRef::Steal(PyErr_GetRaisedException());
  }
  const PyRef handler = FindHandler(exception.get());
  if (handler) {
    if (AnswerByHandler(exchange, route, exception.get(), handler.get())) return;
    exception = PyRef::Steal(PyErr_GetRaisedException());
  }
  if (converter_->IsHttpError(exception.get())) {
    if (converter_->AnswerHttpError(exchange, exception.get())) return;
    exception = PyRef::Steal(PyErr_GetRaisedException());
  }
  AnswerInternalError(exchange, route, exception.get());
}

// False with an exception set: the handler's own, or that its answer cannot be sent.
bool NativeGateway::AnswerByHandler(Exchange& exchange, Route& route, PyObject* exception,
                                    PyObject* handler) {
  const PyRef request = RequestObject(exchange);
  if (!request) return false;
  // As in an `except` block: a bare `raise` works, and what the handler raises has its context.
  const PyRef outer = PyRef::Steal(PyErr_GetHandledException());
  PyErr_SetHandledException(exception);
  PyObject* args[3] = {nullptr, request.get(), exception};
  const PyRef result = PyRef::Steal(
      PyObject_Vectorcall(handler, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr));
  PyErr_SetHandledException(outer.get());
  if (!result) return false;
  RouteAnswer answer{.pattern = route.answer.pattern};
  return converter_->Answer(exchange, result.get(), answer);
}

PyRef NativeGateway::FindHandler(PyObject* exception) const noexcept {
  if (PyDict_GET_SIZE(exception_handlers_.get()) == 0) return {};
  PyObject* bases = Py_TYPE(exception)->tp_mro;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(bases); ++i) {
    PyObject* base = PyTuple_GET_ITEM(bases, i);
    PyObject* handler = nullptr;
    if (PyDict_GetItemRef(exception_handlers_.get(), base, &handler) < 0) PyErr_Clear();
    if (handler != nullptr) return PyRef::Steal(handler);
    if (base == converter_->http_error_type()) return {};
  }
  return {};
}

void NativeGateway::AnswerInternalError(Exchange& exchange, const Route& route,
                                        PyObject* exception) {
  exchange.Respond(ResponseHead{.status = 500, .content_type = "application/json", .headers = {}},
                   kInternalError);
  std::string what(engine::MethodName(exchange.request().method));
  what += ' ';
  what += route.answer.pattern;
  what += " raised an exception; the client got 500";
  LogException(what, exception);
}

}  // namespace turbo::pyembed
