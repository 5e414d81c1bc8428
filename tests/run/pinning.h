#pragma once

#include <gtest/gtest.h>

#include <string>

#include "slipway/run/pin.h"

namespace slipway::run {

inline const std::string kDigest = "sha256:" + std::string(64, 'b');

inline oci::Location location(std::string_view text) { return oci::Location::parse_for_reading(text).value(); }

/// Gives every reference without a digest this one.
inline Resolver everything() {
  return resolve_from([](const oci::Location&) { return Digest::parse(kDigest); });
}

inline std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

inline std::string notes(const PinReport& report) {
  std::string out;
  for (const PinNote& note : report.notes)
    out += fmt::format("{}:{}: {}\n", note.where.row, note.where.col, note.message());
  return out;
}

/// Pins a text and expects no errors.
inline PinReport pinned(const std::string& file, const std::string& text, const Resolver& resolve = everything(),
                        const PinOptions& options = {}) {
  PinReport report = pin_text(text, file, resolve, options);
  EXPECT_TRUE(report.errors.empty()) << report.errors[0].describe() << "\n" << text;
  return report;
}

}  // namespace slipway::run
