#include "run/text_finder.h"

#include <utility>

#include "run/logical_lines.h"
#include "run/yaml_formats.h"

namespace slipway::run {

Result<std::optional<Findings>> TextFinder::find(std::string_view text, const std::string& file,
                                                 const PinOptions& options) const {
  const std::string_view assigned = assigned_format(options, file);
  const bool is_one = assigned.empty() ? is_named_(name_of_file(file)) : assigned == format_;
  if (!is_one || text.find('\0') != std::string_view::npos) return std::nullopt;
  SLIPWAY_ASSIGN(Findings findings, read_(text, file));
  return std::optional(std::move(findings));
}

Result<std::string> TextFinder::apply(std::string_view text, const std::string& file, const PinOptions& options,
                                      const Findings& findings, FileEdits edits) const {
  return apply_to_text(*this, text, file, options, findings, std::move(edits.edits));
}

}  // namespace slipway::run
