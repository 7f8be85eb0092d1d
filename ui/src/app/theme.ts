import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

/** Petrol: the colour of what can be pressed. States have colours of their own. */
const petrol: MantineColorsTuple = ['#e8f5f3', '#d2e9e5', '#a5d3cc', '#74bcb2', '#4da89c', '#33998d', '#1c7d72', '#0f6e66', '#075b55', '#024743'];
const amber: MantineColorsTuple = ['#fff6e0', '#ffecc6', '#fbd88d', '#f6c250', '#f2b023', '#e39f0b', '#bd8000', '#956400', '#7a5100', '#5e3d00'];
const red: MantineColorsTuple = ['#fdecea', '#f8d7d3', '#eeaca5', '#e47e74', '#db584b', '#d0402f', '#b83325', '#9c281c', '#801f15', '#66150d'];
const ink: MantineColorsTuple = ['#dce3e2', '#b9c4c4', '#93a1a3', '#6d7c7f', '#4a595c', '#374447', '#2a3538', '#1f282b', '#192124', '#12181a'];

const sans = "'Golos Text Variable', system-ui, -apple-system, 'Segoe UI', sans-serif";
const mono = "ui-monospace, 'Cascadia Mono', 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";

export const theme = createTheme({
  primaryColor: 'petrol',
  primaryShade: { light: 7, dark: 6 },
  colors: { petrol, amber, red, dark: ink },
  autoContrast: true,
  luminanceThreshold: 0.38,
  fontFamily: sans,
  fontFamilyMonospace: mono,
  headings: { fontFamily: sans, fontWeight: '600' },
  fontSizes: { xs: '12px', sm: '13.5px', md: '14.5px', lg: '17px', xl: '21px' },
  defaultRadius: 'sm',
  radius: { xs: '3px', sm: '5px', md: '8px', lg: '12px', xl: '16px' },
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'sm' } },
    TextInput: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { size: 'sm', checkIconPosition: 'right' } },
    Modal: { defaultProps: { radius: 'md', centered: true, transitionProps: { duration: 120 } } },
    Drawer: { defaultProps: { transitionProps: { duration: 120 } } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 250, multiline: true, maw: 340 } },
    Menu: { defaultProps: { shadow: 'md', radius: 'sm' } },
  },
});

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-text': '#1c2629',
    '--mantine-color-dimmed': '#576568',
    '--mantine-color-default-border': '#d9d7cf',
    '--mantine-color-anchor': '#0f6e66',
    '--mantine-color-error': '#b3261a',
    '--mantine-color-placeholder': '#7a8588',
  },
  dark: {
    '--mantine-color-body': '#192124',
    '--mantine-color-text': '#dce3e2',
    '--mantine-color-dimmed': '#98a6a8',
    '--mantine-color-default': '#1f282b',
    '--mantine-color-default-hover': '#263135',
    '--mantine-color-default-border': '#334044',
    '--mantine-color-anchor': '#74bcb2',
    '--mantine-color-error': '#ef8f85',
    '--mantine-color-placeholder': '#7d8c8f',
  },
});
