// Interpreters that are shell scripts: they answer the questions that cmd/interpreter.cc asks.
#pragma once

#include <string>

#include "tests/cmd/temporary_directory.h"

namespace turbo::cmd {

struct FakePython {
  std::string version = "3.14.4";
  bool free_threaded = false;
  std::string implementation = "cpython";
  std::string args;
  std::string cflags;
  std::string prefix;  ///< "": the same as base_prefix
};

/// Writes one to `name` in `dir`; returns its path.
inline std::string WriteFakePython(const TemporaryDirectory& dir, const std::string& name,
                                   const FakePython& fake) {
  const std::size_t dot = fake.version.find('.', 2);
  const std::string minor = fake.version.substr(2, dot - 2);
  const std::string path = dir / name;
  const std::string base = "/opt/base";
  return dir.WriteProgram(
      name, "cat <<'END'\nturbo=1\nversion=" + fake.version +
                "\nmajor=" + fake.version.substr(0, 1) + "\nminor=" + minor +
                "\nexecutable=" + path + "\nimplementation=" + fake.implementation +
                "\ncache_tag=" + fake.implementation + "-" + fake.version.substr(0, 1) + minor +
                "\nprefix=" + (fake.prefix.empty() ? base : fake.prefix) + "\nbase_prefix=" + base +
                "\ngil=" + (fake.free_threaded ? "0" : "1") +
                "\ndebug=0\nfree_threaded=" + (fake.free_threaded ? "1" : "0") +
                "\nargs=" + fake.args + "\ncflags=" + fake.cflags + "\nEND\n");
}

}  // namespace turbo::cmd
