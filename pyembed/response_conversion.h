// What a handler returned, as an HTTP response: dict, list, str, bytes, None, numbers, dataclasses,
// `(value, status)`,
// `(value, status, headers)` and turbo's Response classes. One converter per loop; needs an
// attached thread state.
#pragma once

#include <Python.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/http/exchange.h"
#include "pyembed/py_ref.h"

namespace turbo::pyembed {

/// How a route answers when its handler says no more than a value.
struct RouteAnswer {
  std::string pattern;  ///< for messages, e.g. "/users/{user_id}"
  int status = 200;
  std::uint8_t length_digits = 2;  ///< see Exchange::BeginBody
};

class ResponseConverter {
 public:
  /// Empty with an exception set if the package `turbo` is not as it should be.
  static std::unique_ptr<ResponseConverter> Create();

  /// Answers with `value`. False with a Python exception set, and then nothing was sent: TypeError
  /// for a value that is no response, ValueError for a status or header that may not be sent, or
  /// what encoding raised.
  bool Answer(engine::Exchange& exchange, PyObject* value, RouteAnswer& route);

  /// Answers with `value` as JSON. As above.
  static bool AnswerJson(engine::Exchange& exchange, PyObject* value, int status,
                         std::uint8_t& length_digits) {
    return AnswerJson(
        exchange, value,
        engine::ResponseHead{.status = status, .content_type = "application/json", .headers = {}},
        length_digits);
  }

  [[nodiscard]] bool IsHttpError(PyObject* exception) const noexcept;
  [[nodiscard]] PyObject* http_error_type() const noexcept { return http_error_.get(); }
  /// Answers as a turbo.HTTPError says: its status, {"detail": ...}, its headers. As Answer().
  bool AnswerHttpError(engine::Exchange& exchange, PyObject* error);

 private:
  // The names of attributes, interned once.
  struct Names {
    PyRef content, status, media_type, headers, detail, items;
  };
  // What is known so far of the answer. The views live in `kept_` or in the value itself.
  struct Outline {
    int status = 200;
    bool status_given = false;
    bool has_content_type = false;  // a field of that name is among the headers
  };

  ResponseConverter() = default;

  static bool AnswerJson(engine::Exchange& exchange, PyObject* value,
                         const engine::ResponseHead& head, std::uint8_t& length_digits);
  bool AnswerTuple(engine::Exchange& exchange, PyObject* tuple, RouteAnswer& route);
  bool AnswerValue(engine::Exchange& exchange, PyObject* value, Outline outline,
                   RouteAnswer& route);
  bool AnswerResponse(engine::Exchange& exchange, PyObject* response, Outline outline,
                      RouteAnswer& route);
  bool AnswerStream(engine::Exchange& exchange, PyObject* content, const engine::ResponseHead& head,
                    const RouteAnswer& route);
  static bool AnswerBytes(engine::Exchange& exchange, PyObject* content,
                          const engine::ResponseHead& head);

  // The head for a body of `content_type`, unless the headers hold a type themselves.
  [[nodiscard]] engine::ResponseHead Head(const Outline& outline,
                                          std::string_view content_type) const {
    return {outline.status, outline.has_content_type ? std::string_view() : content_type, fields_};
  }
  bool AddHeaders(PyObject* source, Outline& outline);
  bool AddField(PyObject* pair, Outline& outline);
  bool FieldText(PyObject* text, PyObject* name, std::string_view& view);

  PyRef response_, json_response_, streaming_response_, http_error_;
  Names names_;
  // Of the answer being made; cleared before each.
  std::vector<engine::HeaderField> fields_;
  std::vector<PyRef> kept_;
};

}  // namespace turbo::pyembed
