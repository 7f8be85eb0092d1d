import { Button, type ButtonProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import { forwardRef, type AnchorHTMLAttributes } from 'react';

const Anchor = forwardRef<HTMLAnchorElement, ButtonProps & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof ButtonProps>>((props, ref) => <Button ref={ref} component="a" {...props} />);
Anchor.displayName = 'Anchor';

/** A link to a page that looks like a button. */
export const LinkButton = createLink(Anchor);
