// How --help looks: grouped options with their descriptions wrapped beside them, instead of CLI11's
// own layout.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace turbo::cmd {

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_positionals(const CLI::App* app) const override;
  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override;
  std::string make_subcommand(const CLI::App* sub) const override;
};

}  // namespace turbo::cmd
