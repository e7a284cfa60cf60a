#include "tests/pyembed/argument_test_util.h"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <memory>

#include "pyembed/py_util.h"
#include "pyembed/request_object.h"
#include "tests/engine/http_test_support.h"
#include "tests/pyembed/json_test_util.h"

namespace turbo::pyembed::testing {
namespace {

std::string Repr(PyObject* object) {
  const PyRef repr = PyRef::Steal(PyObject_Repr(object));
  REQUIRE(repr);
  const char* const text = PyUnicode_AsUTF8(repr.get());
  REQUIRE(text != nullptr);
  return text;
}

PyRef Descriptions(const Signature& signature) {
  return Evaluate("compile_routes(app).routes[0].arguments",
                  "import dataclasses, sys, types\n"
                  "sys.modules[__name__] = types.ModuleType(__name__)\n"
                  "from dataclasses import dataclass\n"
                  "from typing import *\n"
                  "from turbo import App, Request\n"
                  "from turbo._compile import compile_routes\n" +
                      signature.setup +
                      "\napp = App()\n"
                      "app.route('" +
                      signature.path + "', methods=['GET', 'POST'])(h)\n");
}

Bound BindExchange(const ArgumentBinder& binder, engine::Exchange& exchange) {
  const PyRef module = ImportTurboModule();
  REQUIRE(module);
  const RequestScope scope(exchange, *StateOfModule(module.get()), nullptr);
  std::array<PyObject*, ArgumentBinder::kMaxArguments> arguments{};
  PyRef errors;
  Bound bound;
  bound.status = binder.Bind(exchange, arguments.data(), errors);
  switch (bound.status) {
    case BindStatus::kBound: {
      const PyRef list = PyRef::Steal(PyList_New(static_cast<Py_ssize_t>(binder.count())));
      for (std::size_t i = 0; i < binder.count(); ++i) {
        REQUIRE(arguments[i] != nullptr);
        PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(i), arguments[i]);
      }
      bound.text = Repr(list.get());
      CHECK(!errors);
      break;
    }
    case BindStatus::kInvalid:
      bound.text = Repr(errors.get());
      break;
    case BindStatus::kRaised:
      bound.text = TakeException();
      break;
  }
  if (bound.status != BindStatus::kBound) {
    for (PyObject* argument : arguments) CHECK(argument == nullptr);
  }
  CHECK(PyErr_Occurred() == nullptr);
  return bound;
}

}  // namespace

Bound BindRequest(const Signature& signature, std::string_view bytes, std::size_t first_read) {
  const PyRef descriptions = Descriptions(signature);
  const std::unique_ptr<ArgumentBinder> binder = ArgumentBinder::Compile(descriptions.get());
  REQUIRE(binder);
  engine::test::TestServer server;
  Bound bound;
  int handled = 0;
  server.gateway = {};
  server.gateway.Add({engine::Method::kGet, engine::Method::kPost}, signature.path,
                     [&](engine::Exchange& exchange) {
                       ++handled;
                       bound = BindExchange(*binder, exchange);
                       engine::test::Text(exchange, "done");
                     });
  engine::test::TestConnection connection(server);
  connection.Send(bytes.substr(0, first_read));
  if (first_read < bytes.size()) connection.Send(bytes.substr(first_read));
  REQUIRE(handled == 1);
  return bound;
}

Bound BindGet(const Signature& signature, std::string_view target) {
  return BindRequest(signature, "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n");
}

Bound BindJson(const std::string& setup, std::string_view body) {
  return BindRequest({setup}, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                                  std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
}

}  // namespace turbo::pyembed::testing
