#pragma once

#include <string>
#include <vector>

#include "slipway/base/result.h"

namespace slipway {

/// Collects the problems of a document, so that all are reported at once. Values; one thread at a time.
class Diagnostics {
 public:
  /// Adds an error, or a warning, with Errc::invalid_argument and its place.
  void error(Where where, std::string message, std::string hint = {});
  void warning(Where where, std::string message);
  /// Adds an error with a code of its own.
  void add(Error error) { errors_.push_back(std::move(error)); }

  bool has_errors() const { return !errors_.empty(); }
  const std::vector<Error>& errors() const { return errors_; }
  const std::vector<Error>& warnings() const { return warnings_; }

  /// Returns success without errors, else one Error that holds them all (combine()), sorted by file, row and column.
  /// Warnings do not count; read warnings() first.
  Status status() &&;

 private:
  std::vector<Error> errors_;
  std::vector<Error> warnings_;
};

}  // namespace slipway
