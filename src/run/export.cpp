#include "slipway/run/export.h"

#include <array>

#include "run/export_formats.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

struct Format {
  ExportFormat format;
  std::string_view word;
  Result<ExportFiles> (*write)(const ExportRequest& request);
};

constexpr std::array kFormats{
    Format{ExportFormat::kubernetes, "kubernetes", export_kubernetes},
    Format{ExportFormat::kustomize, "kustomize", export_kustomize},
    Format{ExportFormat::compose, "compose", export_compose},
    Format{ExportFormat::quadlet, "quadlet", export_quadlet},
    Format{ExportFormat::systemd, "systemd", export_systemd},
};

}  // namespace

std::string export_heading(const ExportRequest& r) {
  return fmt::format("# {} {} v{}, written by slipway export: change the release, not this file.\n", r.app,
                     r.environment, r.number);
}

std::vector<std::pair<std::string, std::string>> release_labels(const ExportRequest& r) {
  std::vector<std::pair<std::string, std::string>> all{{"io.slipway.release", fmt::format("v{}", r.number)},
                                                       {"io.slipway.environment", r.environment},
                                                       {"io.slipway.build", r.build.str()}};
  if (!r.revision.empty()) all.emplace_back("org.opencontainers.image.revision", r.revision);
  return all;
}

std::string config_folder(const ExportRequest& r) { return r.app + ".config"; }

void add_config_files(const ExportRequest& r, ExportFiles& files) {
  for (const ExportedFile& file : r.files)
    files.push_back({config_folder(r) + "/" + file.name, file.content, file.mode});
}

Result<ExportFormat> parse_export_format(std::string_view word) {
  for (const Format& format : kFormats) {
    if (format.word == word) return format.format;
  }
  return fail(Error(Errc::invalid_argument, fmt::format("unknown export format \"{}\"", printable(word, 80)))
                  .with_hint("use --format kubernetes, kustomize, compose, quadlet or systemd"));
}

Result<std::vector<ExportFile>> export_release(const ExportRequest& request, ExportFormat format) {
  for (const Format& known : kFormats) {
    if (known.format == format) return known.write(request);
  }
  return fail(Errc::internal, "an export format without a writer");
}

}  // namespace slipway::run
