/** What NVIDIA's tool prints on a machine with these GPUs, cut to what is read and some of the rest. */
export const smiOutput = (
  gpus: readonly (readonly [uuid: string, minor: number | string])[],
): string => `<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<nvidia_smi_log>
	<timestamp>Sat Nov 21 08:00:00 2026</timestamp>
	<driver_version>535.104.05</driver_version>
	<cuda_version>12.2</cuda_version>
	<attached_gpus>${gpus.length}</attached_gpus>
${gpus
  .map(
    ([uuid, minor]) => `	<gpu id="00000000:3B:00.0">
		<product_name>NVIDIA H200</product_name>
		<uuid>${uuid}</uuid>
		<minor_number>${minor}</minor_number>
		<mig_mode><current_mig>Disabled</current_mig></mig_mode>
	</gpu>`,
  )
  .join("\n")}
</nvidia_smi_log>`
