#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/builder/recipe.h"

namespace slipway::builder {

// Single values as slipway.yaml and the flags spell them; Errc::invalid_argument with the value in the message.

Result<std::uint32_t> parse_mode(std::string_view text);    ///< octal, at most 07777
Result<Owner> parse_owner(std::string_view text);           ///< "UID" or "UID:GID"
Result<std::string> parse_port(std::string_view text);      ///< "8080" becomes "8080/tcp"
Result<std::string> parse_absolute(std::string_view text);  ///< a folder in the image, e.g. a volume
Result<std::string> parse_user(std::string_view text);
Result<std::string> parse_runtime(std::string_view text);      ///< a kind of run-time data, "auto" or "minimal"
Result<std::string> parse_profile(std::string_view text);      ///< of what programs load at run time, or "auto"
Result<std::string> parse_sbom_format(std::string_view text);  ///< "spdx" or "cyclonedx"
Result<std::string> parse_stop_signal(std::string_view text);
/// A time of a health check in nanoseconds: "30s", "1m30s", "500ms"; 0, or at least a millisecond, as Docker wants it.
Result<std::int64_t> parse_health_time(std::string_view text);
Result<std::int64_t> parse_retries(std::string_view text);  ///< 0 to 1000
/// Returns the test of a health check: a program with arguments becomes {"CMD", ...}; lists that start with CMD,
/// CMD-SHELL or NONE stay.
Result<std::vector<std::string>> health_test(std::vector<std::string> words);
Result<std::string> parse_key(std::string_view text, std::string_view what);  ///< of a variable, label or annotation
/// The name and value of an extended attribute whose value is text, as Linux takes them.
Status check_attribute(const std::string& name, std::string_view value);
Result<std::string> parse_source_url(std::string_view text);  ///< of a git repository, without secrets
Result<std::string> parse_link(std::string_view text);        ///< of a symlink
Result<std::string> parse_text(std::string_view text);        ///< UTF-8 without NUL

/// The patterns of a .dockerignore.
std::vector<std::string> ignore_patterns(std::string_view text);

/// Returns the pattern that keeps slipway's own folder, `.slipway` beside slipway.yaml, out of what `source` packs: its
/// images would grow with every build. None for a source that does not hold it.
std::optional<std::string> own_folder_pattern(const std::filesystem::path& project,
                                              const std::filesystem::path& source);

/// Refuses "{...}" other than {os}, {arch} and {variant}.
Status check_placeholders(std::string_view text);
bool has_placeholders(std::string_view text);
std::string expand_placeholders(std::string_view text, const oci::Platform& platform);

}  // namespace slipway::builder
