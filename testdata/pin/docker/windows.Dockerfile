# escape=`
FROM mcr.microsoft.com/windows/nanoserver:ltsc2022 `
  AS base
RUN powershell `

  Write-Host "<<EOF"
FROM base
