#pragma once

#include "slipway/run/reference_finder.h"

namespace slipway::run {

/// A finder for one format whose files have names of their own, and whose edits replace bytes of the text.
class TextFinder final : public ReferenceFinder {
 public:
  using Reader = Result<Findings> (*)(std::string_view text, const std::string& file);

  /// `is_named` returns true for the last component of a path that has the format; `read` finds the references.
  TextFinder(std::string_view format, bool (*is_named)(std::string_view name), Reader read)
      : format_(format), is_named_(is_named), read_(read) {}

  Result<std::optional<Findings>> find(std::string_view text, const std::string& file,
                                       const PinOptions& options) const override;
  Result<std::string> apply(std::string_view text, const std::string& file, const PinOptions& options,
                            const Findings& findings, FileEdits edits) const override;

 private:
  std::string_view format_;
  bool (*is_named_)(std::string_view name);
  Reader read_;
};

}  // namespace slipway::run
