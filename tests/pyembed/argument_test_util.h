// Drives an ArgumentBinder by a real request: the bytes go through HttpSession and Router as on a
// socket.
#pragma once

#include <string>
#include <string_view>

#include "pyembed/argument_binder.h"

namespace turbo::pyembed::testing {

/// A handler's signature, as Python text that defines `h`, and its path.
struct Signature {
  std::string setup;
  std::string path = "/";
};

struct Bound {
  BindStatus status = BindStatus::kRaised;
  std::string text;  ///< repr() of the list of arguments, of the list of errors, or the exception
};

/// Binds the arguments of one request; its bytes are cut after `first_read` of them.
Bound BindRequest(const Signature& signature, std::string_view bytes,
                  std::size_t first_read = std::string_view::npos);

/// BindRequest of `GET target`.
Bound BindGet(const Signature& signature, std::string_view target);

/// BindRequest of a POST to "/" with this JSON body.
Bound BindJson(const std::string& setup, std::string_view body);

}  // namespace turbo::pyembed::testing
